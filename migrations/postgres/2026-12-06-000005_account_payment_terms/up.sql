-- The payment terms of a customer's invoices that name none, whichever company sells.
CREATE TABLE account_payment_terms (
    account_id uuid PRIMARY KEY REFERENCES credit_accounts (id),
    payment_terms text,
    reason text NOT NULL,
    set_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    version bigint NOT NULL
);
