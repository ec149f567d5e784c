DROP INDEX exposure_entries_order;
ALTER TABLE exposure_entries DROP COLUMN billed_minor;
ALTER TABLE exposure_entries DROP COLUMN stated_minor;
ALTER TABLE exposure_entries DROP COLUMN order_number;
ALTER TABLE invoices DROP COLUMN order_excess_minor;
DROP TABLE reservation_captures;
DROP TABLE order_invoices;
