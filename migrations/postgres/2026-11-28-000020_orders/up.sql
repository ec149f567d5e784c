-- What an invoice is for, what it took of the order's deliveries, and what deliveries that came later are for it.
CREATE TABLE order_invoices (
    invoice_id uuid PRIMARY KEY REFERENCES invoices (id),
    account_id uuid NOT NULL REFERENCES credit_accounts (id),
    order_number text NOT NULL,
    reservation_id uuid,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    delivered_minor bigint NOT NULL CHECK (delivered_minor >= 0),
    matched_minor bigint NOT NULL CHECK (matched_minor >= 0),
    excess_minor bigint NOT NULL CHECK (excess_minor >= 0),
    restored_at timestamptz
);
CREATE INDEX order_invoices_order ON order_invoices (account_id, order_number);

-- What each invoice and each delivery took of a reservation.
CREATE TABLE reservation_captures (
    reservation_id uuid NOT NULL,
    document_id uuid NOT NULL,
    captured_minor bigint NOT NULL CHECK (captured_minor >= 0),
    PRIMARY KEY (reservation_id, document_id)
);

INSERT INTO order_invoices
    SELECT id, account_id, COALESCE(order_number, ''), reservation_id, amount_minor, 0, 0, 0, NULL
    FROM invoices WHERE reservation_id IS NOT NULL;
INSERT INTO reservation_captures
    SELECT reservation_id, id, amount_minor FROM invoices WHERE reservation_id IS NOT NULL;

-- By how much an invoice passed what its order had left.
ALTER TABLE invoices ADD COLUMN order_excess_minor bigint;

ALTER TABLE exposure_entries ADD COLUMN order_number text;
ALTER TABLE exposure_entries ADD COLUMN stated_minor bigint NOT NULL DEFAULT 0;
ALTER TABLE exposure_entries ADD COLUMN billed_minor bigint NOT NULL DEFAULT 0;
UPDATE exposure_entries SET stated_minor = amount_minor;
CREATE INDEX exposure_entries_order ON exposure_entries (account_id, order_number);
