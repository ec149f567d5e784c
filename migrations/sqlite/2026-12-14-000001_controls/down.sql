DROP INDEX invoices_order_excess;
DROP TABLE timeline_entries;
DROP TABLE control_results;
DROP TABLE control_runs;
