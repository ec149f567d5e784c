-- Money that is given back of receipts: requested by one person, approved by another, paid. From the day on which it is
-- approved it is held, and no longer unapplied.
CREATE TABLE refunds (
    id uuid PRIMARY KEY,
    receipt_id uuid NOT NULL REFERENCES receipts (id),
    customer_id uuid NOT NULL REFERENCES customers (id),
    currency text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    status text NOT NULL,
    reason text NOT NULL,
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL,
    decided_by text,
    decided_at timestamptz,
    decision_reason text,
    held_on date,
    freed_on date,
    paid_on date,
    payment_reference text,
    version bigint NOT NULL
);
CREATE INDEX refunds_receipt ON refunds (receipt_id);
CREATE INDEX refunds_customer ON refunds (customer_id, id);
