-- The payment terms of a customer's invoices that name none, whichever company sells.
CREATE TABLE account_payment_terms (
    account_id BLOB PRIMARY KEY NOT NULL REFERENCES credit_accounts (id),
    payment_terms TEXT,
    reason TEXT NOT NULL,
    set_by TEXT NOT NULL,
    changed_at TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT;
