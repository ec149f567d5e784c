-- Money that is given back of receipts: requested by one person, approved by another, paid. From the day on which it is
-- approved it is held, and no longer unapplied.
CREATE TABLE refunds (
    id BLOB PRIMARY KEY NOT NULL,
    receipt_id BLOB NOT NULL REFERENCES receipts (id),
    customer_id BLOB NOT NULL REFERENCES customers (id),
    currency TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    status TEXT NOT NULL,
    reason TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    requested_at TEXT NOT NULL,
    decided_by TEXT,
    decided_at TEXT,
    decision_reason TEXT,
    held_on TEXT,
    freed_on TEXT,
    paid_on TEXT,
    payment_reference TEXT,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX refunds_receipt ON refunds (receipt_id);
CREATE INDEX refunds_customer ON refunds (customer_id, id);
