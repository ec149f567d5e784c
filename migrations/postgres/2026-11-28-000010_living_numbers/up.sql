-- A number names the living document: of those that were cancelled or reversed, each stands for itself. The first
-- column also finds all documents of a number.
ALTER TABLE invoices DROP CONSTRAINT invoices_number_key;
CREATE UNIQUE INDEX invoices_number_key ON invoices (number,
    (CASE WHEN status = 'cancelled' THEN id ELSE '00000000-0000-0000-0000-000000000000' END));
ALTER TABLE credit_notes DROP CONSTRAINT credit_notes_number_key;
CREATE UNIQUE INDEX credit_notes_number_key ON credit_notes (number,
    (CASE WHEN status = 'reversed' THEN id ELSE '00000000-0000-0000-0000-000000000000' END));
ALTER TABLE receipts DROP CONSTRAINT receipts_number_key;
CREATE UNIQUE INDEX receipts_number_key ON receipts (number,
    (CASE WHEN status = 'reversed' THEN id ELSE '00000000-0000-0000-0000-000000000000' END));

-- The day on which it was entered that a document counts no more; until now it was the day from which.
ALTER TABLE invoices ADD COLUMN cancel_entered_on date;
UPDATE invoices SET cancel_entered_on = cancelled_on WHERE cancelled_on IS NOT NULL;
ALTER TABLE credit_notes ADD COLUMN reverse_entered_on date;
UPDATE credit_notes SET reverse_entered_on = reversed_on WHERE reversed_on IS NOT NULL;
ALTER TABLE receipts ADD COLUMN reverse_entered_on date;
UPDATE receipts SET reverse_entered_on = reversed_on WHERE reversed_on IS NOT NULL;
