-- Money that is asked for before an invoice. It is no receivable and no exposure; what came of it is what stands of the
-- prepayments of its order.
CREATE TABLE deposit_requests (
    id uuid PRIMARY KEY,
    number text NOT NULL,
    customer_id uuid NOT NULL REFERENCES customers (id),
    account_id uuid NOT NULL REFERENCES credit_accounts (id),
    legal_entity_id uuid NOT NULL REFERENCES legal_entities (id),
    order_number text NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    request_date date NOT NULL,
    due_date date NOT NULL,
    label text,
    cancelled_on date,
    cancel_reason text,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    version bigint NOT NULL,
    CHECK (due_date >= request_date)
);
-- A number names the living request of a legal entity: of those that were cancelled, each stands for itself.
CREATE UNIQUE INDEX deposit_requests_number_key ON deposit_requests (number, legal_entity_id,
    (CASE WHEN cancelled_on IS NULL THEN '00000000-0000-0000-0000-000000000000' ELSE id END));
CREATE INDEX deposit_requests_order ON deposit_requests (order_number, customer_id, due_date, id);
CREATE INDEX deposit_requests_customer ON deposit_requests (customer_id, id);
CREATE INDEX deposit_requests_due ON deposit_requests (due_date, id) WHERE cancelled_on IS NULL;
