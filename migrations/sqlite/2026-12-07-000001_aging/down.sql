DROP INDEX refunds_freed;
DROP INDEX refunds_held;
DROP INDEX credit_notes_date;
DROP INDEX credit_notes_reversed;
DROP INDEX receipts_reversed;
DROP INDEX settlements_effective;
DROP INDEX invoices_cancelled;
DROP INDEX invoices_open;
