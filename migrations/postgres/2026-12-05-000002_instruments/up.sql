-- Cheques, drafts, bills and notes that customers paid with. What one settles is told by its receipt; until it clears
-- its amount counts as exposure of the account, and of the acceptor's where `acceptor_account_id` is set.
CREATE TABLE instruments (
    id uuid PRIMARY KEY,
    number text NOT NULL,
    kind text NOT NULL,
    customer_id uuid NOT NULL REFERENCES customers (id),
    account_id uuid NOT NULL REFERENCES credit_accounts (id),
    legal_entity_id uuid NOT NULL REFERENCES legal_entities (id),
    currency text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    outstanding_minor bigint NOT NULL CHECK (outstanding_minor >= 0),
    issue_date date NOT NULL,
    maturity_date date,
    received_on date NOT NULL,
    present_by date,
    drawer text NOT NULL,
    acceptor text,
    acceptor_key text,
    acceptor_customer_id uuid REFERENCES customers (id),
    acceptor_account_id uuid REFERENCES credit_accounts (id),
    acceptor_standing text NOT NULL,
    receipt_id uuid NOT NULL REFERENCES receipts (id),
    status text NOT NULL,
    status_on date NOT NULL,
    passed_to text,
    dishonoured_on date,
    dishonour_reason text,
    fee_minor bigint NOT NULL CHECK (fee_minor >= 0),
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    version bigint NOT NULL,
    CHECK (outstanding_minor IN (0, amount_minor))
);
-- A number names the living instrument of a customer and kind: of those that were taken back, each stands for itself.
CREATE UNIQUE INDEX instruments_number_kind_customer_id_key ON instruments (number, kind, customer_id,
    (CASE WHEN status = 'withdrawn' THEN id ELSE '00000000-0000-0000-0000-000000000000' END));
CREATE UNIQUE INDEX instruments_receipt_id_key ON instruments (receipt_id);
CREATE INDEX instruments_customer ON instruments (customer_id, id);
CREATE INDEX instruments_acceptor ON instruments (acceptor_key) WHERE outstanding_minor > 0;
CREATE INDEX instruments_dishonoured ON instruments (customer_id, dishonoured_on) WHERE dishonoured_on IS NOT NULL;
