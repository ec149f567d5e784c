-- Fails where a number was used again: no document may lose its number.
ALTER TABLE receipts DROP COLUMN reverse_entered_on;
ALTER TABLE credit_notes DROP COLUMN reverse_entered_on;
ALTER TABLE invoices DROP COLUMN cancel_entered_on;

DROP INDEX receipts_number_key;
ALTER TABLE receipts ADD CONSTRAINT receipts_number_key UNIQUE (number);
DROP INDEX credit_notes_number_key;
ALTER TABLE credit_notes ADD CONSTRAINT credit_notes_number_key UNIQUE (number);
DROP INDEX invoices_number_key;
ALTER TABLE invoices ADD CONSTRAINT invoices_number_key UNIQUE (number);
