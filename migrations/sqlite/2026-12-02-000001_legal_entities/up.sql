-- The companies that sell. One is there from the start, under an id that all books share: who has a single company never
-- meets the word.
CREATE TABLE legal_entities (
    id BLOB PRIMARY KEY NOT NULL,
    number TEXT NOT NULL,
    name TEXT NOT NULL,
    country TEXT,
    functional_currency TEXT,
    ledger TEXT NOT NULL,
    vat_id TEXT,
    registration_number TEXT,
    uscc TEXT,
    lei TEXT,
    peppol_id TEXT,
    street TEXT,
    city TEXT,
    postal_code TEXT,
    bank_details TEXT,
    letter_sender TEXT,
    timezone TEXT,
    created_at TEXT NOT NULL,
    changed_at TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX legal_entities_number_key ON legal_entities (number);
INSERT INTO legal_entities (id, number, name, ledger, created_at, changed_at, version)
VALUES (
    x'00000000000070008000000000000001', 'MAIN', 'Main', 'mirror',
    '2026-12-02T00:00:00.000000Z', '2026-12-02T00:00:00.000000Z', 1
);

-- In which currencies documents of an account may be; the limit's alone when nothing is said.
ALTER TABLE credit_accounts ADD COLUMN billing_currencies TEXT;
-- Whether it has rows in account_balances, and in entity_terms.
ALTER TABLE credit_accounts ADD COLUMN has_other_balances INTEGER NOT NULL DEFAULT 0;
ALTER TABLE credit_accounts ADD COLUMN has_entity_terms INTEGER NOT NULL DEFAULT 0;

-- What an account owes to other companies than the first, or in other currencies than its limit's; and its group.
CREATE TABLE account_balances (
    account_id BLOB NOT NULL REFERENCES credit_accounts (id),
    legal_entity_id BLOB NOT NULL REFERENCES legal_entities (id),
    currency TEXT NOT NULL,
    reserved_minor INTEGER NOT NULL,
    delivered_minor INTEGER NOT NULL,
    receivable_minor INTEGER NOT NULL,
    instrument_minor INTEGER NOT NULL,
    charge_minor INTEGER NOT NULL,
    unapplied_minor INTEGER NOT NULL,
    group_reserved_minor INTEGER NOT NULL,
    group_delivered_minor INTEGER NOT NULL,
    group_receivable_minor INTEGER NOT NULL,
    group_instrument_minor INTEGER NOT NULL,
    group_charge_minor INTEGER NOT NULL,
    group_unapplied_minor INTEGER NOT NULL,
    PRIMARY KEY (account_id, legal_entity_id, currency),
    CONSTRAINT account_balances_not_negative CHECK (min(
        reserved_minor, delivered_minor, receivable_minor, instrument_minor, charge_minor, unapplied_minor,
        group_reserved_minor, group_delivered_minor, group_receivable_minor, group_instrument_minor, group_charge_minor, group_unapplied_minor
    ) >= 0)
) STRICT;

-- What one company that sells has agreed with a customer, where that is not what all have.
CREATE TABLE entity_terms (
    account_id BLOB NOT NULL REFERENCES credit_accounts (id),
    legal_entity_id BLOB NOT NULL REFERENCES legal_entities (id),
    status TEXT NOT NULL,
    limit_minor INTEGER CHECK (limit_minor >= 0),
    net_days INTEGER CHECK (net_days >= 0),
    dunning_procedure_id BLOB,
    collector TEXT,
    reason TEXT NOT NULL,
    set_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    changed_at TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (account_id, legal_entity_id)
) STRICT;

-- Every document is of one company. Those that were there before are of the first.
ALTER TABLE invoices ADD COLUMN legal_entity_id BLOB NOT NULL DEFAULT x'00000000000070008000000000000001';
ALTER TABLE credit_notes ADD COLUMN legal_entity_id BLOB NOT NULL DEFAULT x'00000000000070008000000000000001';
ALTER TABLE receipts ADD COLUMN legal_entity_id BLOB NOT NULL DEFAULT x'00000000000070008000000000000001';
ALTER TABLE exposure_entries ADD COLUMN legal_entity_id BLOB NOT NULL DEFAULT x'00000000000070008000000000000001';
ALTER TABLE reservations ADD COLUMN legal_entity_id BLOB NOT NULL DEFAULT x'00000000000070008000000000000001';
ALTER TABLE credit_blocks ADD COLUMN legal_entity_id BLOB NOT NULL DEFAULT x'00000000000070008000000000000001';

-- A number is unique among the living documents of one company.
DROP INDEX invoices_number_key;
CREATE UNIQUE INDEX invoices_number_key ON invoices (number, legal_entity_id,
    (CASE WHEN status = 'cancelled' THEN id ELSE x'00' END));
DROP INDEX credit_notes_number_key;
CREATE UNIQUE INDEX credit_notes_number_key ON credit_notes (number, legal_entity_id,
    (CASE WHEN status = 'reversed' THEN id ELSE x'00' END));
DROP INDEX receipts_number_key;
CREATE UNIQUE INDEX receipts_number_key ON receipts (number, legal_entity_id,
    (CASE WHEN status = 'reversed' THEN id ELSE x'00' END));
