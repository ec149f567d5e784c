-- What was agreed with factors and banks about selling and pledging receivables.
CREATE TABLE factoring_agreements (
    id BLOB PRIMARY KEY NOT NULL,
    number TEXT NOT NULL,
    factor TEXT NOT NULL,
    kind TEXT NOT NULL,
    recourse TEXT NOT NULL,
    notification TEXT NOT NULL,
    advance_ppm INTEGER NOT NULL CHECK (advance_ppm >= 0 AND advance_ppm <= 1000000),
    valid_from TEXT NOT NULL,
    valid_until TEXT,
    status TEXT NOT NULL,
    note TEXT,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    ended_by TEXT,
    ended_at TEXT,
    end_reason TEXT,
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX factoring_agreements_number_key ON factoring_agreements (number);

-- Invoices that were sold or pledged under one, with what was open and advanced on that day.
CREATE TABLE factoring_assignments (
    id BLOB PRIMARY KEY NOT NULL,
    agreement_id BLOB NOT NULL REFERENCES factoring_agreements (id),
    invoice_id BLOB NOT NULL REFERENCES invoices (id),
    customer_id BLOB NOT NULL REFERENCES customers (id),
    currency TEXT NOT NULL,
    open_minor INTEGER NOT NULL CHECK (open_minor > 0),
    advanced_minor INTEGER NOT NULL CHECK (advanced_minor >= 0),
    effect TEXT NOT NULL,
    notification TEXT NOT NULL,
    status TEXT NOT NULL,
    assigned_on TEXT NOT NULL,
    assigned_by TEXT NOT NULL,
    assigned_at TEXT NOT NULL,
    ended_on TEXT,
    ended_by TEXT,
    ended_at TEXT,
    end_reason TEXT,
    version INTEGER NOT NULL,
    CHECK (advanced_minor <= open_minor)
) STRICT;
-- An invoice is with one factor at a time.
CREATE UNIQUE INDEX factoring_assignments_invoice_id_key ON factoring_assignments (invoice_id) WHERE status = 'active';
CREATE INDEX factoring_assignments_agreement ON factoring_assignments (agreement_id, id);
CREATE INDEX factoring_assignments_customer ON factoring_assignments (customer_id, id);

-- The day from which an invoice that was sold without recourse is no exposure any more.
ALTER TABLE invoices ADD COLUMN sold_on TEXT;
