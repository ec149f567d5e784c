-- Money that is asked for before an invoice. It is no receivable and no exposure; what came of it is what stands of the
-- prepayments of its order.
CREATE TABLE deposit_requests (
    id BLOB PRIMARY KEY NOT NULL,
    number TEXT NOT NULL,
    customer_id BLOB NOT NULL REFERENCES customers (id),
    account_id BLOB NOT NULL REFERENCES credit_accounts (id),
    legal_entity_id BLOB NOT NULL REFERENCES legal_entities (id),
    order_number TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    request_date TEXT NOT NULL,
    due_date TEXT NOT NULL,
    label TEXT,
    cancelled_on TEXT,
    cancel_reason TEXT,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    version INTEGER NOT NULL,
    CHECK (due_date >= request_date)
) STRICT;
-- A number names the living request of a legal entity: of those that were cancelled, each stands for itself.
CREATE UNIQUE INDEX deposit_requests_number_key ON deposit_requests (number, legal_entity_id,
    (CASE WHEN cancelled_on IS NULL THEN x'00' ELSE id END));
CREATE INDEX deposit_requests_order ON deposit_requests (order_number, customer_id, due_date, id);
CREATE INDEX deposit_requests_customer ON deposit_requests (customer_id, id);
CREATE INDEX deposit_requests_due ON deposit_requests (due_date, id) WHERE cancelled_on IS NULL;
