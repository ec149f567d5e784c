-- The companies that sell. One is there from the start, under an id that all books share: who has a single company never
-- meets the word.
CREATE TABLE legal_entities (
    id uuid PRIMARY KEY,
    number text NOT NULL,
    name text NOT NULL,
    country text,
    functional_currency text,
    ledger text NOT NULL,
    vat_id text,
    registration_number text,
    uscc text,
    lei text,
    peppol_id text,
    street text,
    city text,
    postal_code text,
    bank_details text,
    letter_sender text,
    timezone text,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    version bigint NOT NULL
);
CREATE UNIQUE INDEX legal_entities_number_key ON legal_entities (number);
INSERT INTO legal_entities (id, number, name, ledger, created_at, changed_at, version)
VALUES (
    '00000000-0000-7000-8000-000000000001', 'MAIN', 'Main', 'mirror',
    '2026-12-02T00:00:00.000000Z', '2026-12-02T00:00:00.000000Z', 1
);

-- In which currencies documents of an account may be; the limit's alone when nothing is said.
ALTER TABLE credit_accounts ADD COLUMN billing_currencies text;
-- Whether it has rows in account_balances, and in entity_terms.
ALTER TABLE credit_accounts ADD COLUMN has_other_balances boolean NOT NULL DEFAULT false;
ALTER TABLE credit_accounts ADD COLUMN has_entity_terms boolean NOT NULL DEFAULT false;

-- What an account owes to other companies than the first, or in other currencies than its limit's; and its group.
CREATE TABLE account_balances (
    account_id uuid NOT NULL REFERENCES credit_accounts (id),
    legal_entity_id uuid NOT NULL REFERENCES legal_entities (id),
    currency text NOT NULL,
    reserved_minor minor NOT NULL,
    delivered_minor minor NOT NULL,
    receivable_minor minor NOT NULL,
    instrument_minor minor NOT NULL,
    charge_minor minor NOT NULL,
    unapplied_minor minor NOT NULL,
    group_reserved_minor minor NOT NULL,
    group_delivered_minor minor NOT NULL,
    group_receivable_minor minor NOT NULL,
    group_instrument_minor minor NOT NULL,
    group_charge_minor minor NOT NULL,
    group_unapplied_minor minor NOT NULL,
    PRIMARY KEY (account_id, legal_entity_id, currency)
);

-- What one company that sells has agreed with a customer, where that is not what all have.
CREATE TABLE entity_terms (
    account_id uuid NOT NULL REFERENCES credit_accounts (id),
    legal_entity_id uuid NOT NULL REFERENCES legal_entities (id),
    status text NOT NULL,
    limit_minor minor,
    net_days days,
    dunning_procedure_id uuid,
    collector text,
    reason text NOT NULL,
    set_by text NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (account_id, legal_entity_id)
);

-- Every document is of one company. Those that were there before are of the first.
ALTER TABLE invoices ADD COLUMN legal_entity_id uuid NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001';
ALTER TABLE credit_notes ADD COLUMN legal_entity_id uuid NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001';
ALTER TABLE receipts ADD COLUMN legal_entity_id uuid NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001';
ALTER TABLE exposure_entries ADD COLUMN legal_entity_id uuid NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001';
ALTER TABLE reservations ADD COLUMN legal_entity_id uuid NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001';
ALTER TABLE credit_blocks ADD COLUMN legal_entity_id uuid NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001';

-- A number is unique among the living documents of one company.
DROP INDEX invoices_number_key;
CREATE UNIQUE INDEX invoices_number_key ON invoices (number, legal_entity_id,
    (CASE WHEN status = 'cancelled' THEN id ELSE '00000000-0000-0000-0000-000000000000' END));
DROP INDEX credit_notes_number_key;
CREATE UNIQUE INDEX credit_notes_number_key ON credit_notes (number, legal_entity_id,
    (CASE WHEN status = 'reversed' THEN id ELSE '00000000-0000-0000-0000-000000000000' END));
DROP INDEX receipts_number_key;
CREATE UNIQUE INDEX receipts_number_key ON receipts (number, legal_entity_id,
    (CASE WHEN status = 'reversed' THEN id ELSE '00000000-0000-0000-0000-000000000000' END));
