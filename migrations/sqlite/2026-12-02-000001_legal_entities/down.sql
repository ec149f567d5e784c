DROP INDEX invoices_number_key;
CREATE UNIQUE INDEX invoices_number_key ON invoices (number,
    (CASE WHEN status = 'cancelled' THEN id ELSE x'00' END));
DROP INDEX credit_notes_number_key;
CREATE UNIQUE INDEX credit_notes_number_key ON credit_notes (number,
    (CASE WHEN status = 'reversed' THEN id ELSE x'00' END));
DROP INDEX receipts_number_key;
CREATE UNIQUE INDEX receipts_number_key ON receipts (number,
    (CASE WHEN status = 'reversed' THEN id ELSE x'00' END));
ALTER TABLE credit_blocks DROP COLUMN legal_entity_id;
ALTER TABLE reservations DROP COLUMN legal_entity_id;
ALTER TABLE exposure_entries DROP COLUMN legal_entity_id;
ALTER TABLE receipts DROP COLUMN legal_entity_id;
ALTER TABLE credit_notes DROP COLUMN legal_entity_id;
ALTER TABLE invoices DROP COLUMN legal_entity_id;
DROP TABLE entity_terms;
DROP TABLE account_balances;
ALTER TABLE credit_accounts DROP COLUMN has_entity_terms;
ALTER TABLE credit_accounts DROP COLUMN has_other_balances;
ALTER TABLE credit_accounts DROP COLUMN billing_currencies;
DROP TABLE legal_entities;
