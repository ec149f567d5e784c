-- Cheques, drafts, bills and notes that customers paid with. What one settles is told by its receipt; until it clears
-- its amount counts as exposure of the account, and of the acceptor's where `acceptor_account_id` is set.
CREATE TABLE instruments (
    id BLOB PRIMARY KEY NOT NULL,
    number TEXT NOT NULL,
    kind TEXT NOT NULL,
    customer_id BLOB NOT NULL REFERENCES customers (id),
    account_id BLOB NOT NULL REFERENCES credit_accounts (id),
    legal_entity_id BLOB NOT NULL REFERENCES legal_entities (id),
    currency TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    outstanding_minor INTEGER NOT NULL CHECK (outstanding_minor >= 0),
    issue_date TEXT NOT NULL,
    maturity_date TEXT,
    received_on TEXT NOT NULL,
    present_by TEXT,
    drawer TEXT NOT NULL,
    acceptor TEXT,
    acceptor_key TEXT,
    acceptor_customer_id BLOB REFERENCES customers (id),
    acceptor_account_id BLOB REFERENCES credit_accounts (id),
    acceptor_standing TEXT NOT NULL,
    receipt_id BLOB NOT NULL REFERENCES receipts (id),
    status TEXT NOT NULL,
    status_on TEXT NOT NULL,
    passed_to TEXT,
    dishonoured_on TEXT,
    dishonour_reason TEXT,
    fee_minor INTEGER NOT NULL CHECK (fee_minor >= 0),
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    version INTEGER NOT NULL,
    CHECK (outstanding_minor IN (0, amount_minor))
) STRICT;
-- A number names the living instrument of a customer and kind: of those that were taken back, each stands for itself.
CREATE UNIQUE INDEX instruments_number_kind_customer_id_key ON instruments (number, kind, customer_id,
    (CASE WHEN status = 'withdrawn' THEN id ELSE x'00' END));
CREATE UNIQUE INDEX instruments_receipt_id_key ON instruments (receipt_id);
CREATE INDEX instruments_customer ON instruments (customer_id, id);
CREATE INDEX instruments_acceptor ON instruments (acceptor_key) WHERE outstanding_minor > 0;
CREATE INDEX instruments_dishonoured ON instruments (customer_id, dishonoured_on) WHERE dishonoured_on IS NOT NULL;
