-- What was agreed with factors and banks about selling and pledging receivables.
CREATE TABLE factoring_agreements (
    id uuid PRIMARY KEY,
    number text NOT NULL,
    factor text NOT NULL,
    kind text NOT NULL,
    recourse text NOT NULL,
    notification text NOT NULL,
    advance_ppm bigint NOT NULL CHECK (advance_ppm >= 0 AND advance_ppm <= 1000000),
    valid_from date NOT NULL,
    valid_until date,
    status text NOT NULL,
    note text,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    ended_by text,
    ended_at timestamptz,
    end_reason text,
    version bigint NOT NULL
);
CREATE UNIQUE INDEX factoring_agreements_number_key ON factoring_agreements (number);

-- Invoices that were sold or pledged under one, with what was open and advanced on that day.
CREATE TABLE factoring_assignments (
    id uuid PRIMARY KEY,
    agreement_id uuid NOT NULL REFERENCES factoring_agreements (id),
    invoice_id uuid NOT NULL REFERENCES invoices (id),
    customer_id uuid NOT NULL REFERENCES customers (id),
    currency text NOT NULL,
    open_minor bigint NOT NULL CHECK (open_minor > 0),
    advanced_minor bigint NOT NULL CHECK (advanced_minor >= 0),
    effect text NOT NULL,
    notification text NOT NULL,
    status text NOT NULL,
    assigned_on date NOT NULL,
    assigned_by text NOT NULL,
    assigned_at timestamptz NOT NULL,
    ended_on date,
    ended_by text,
    ended_at timestamptz,
    end_reason text,
    version bigint NOT NULL,
    CHECK (advanced_minor <= open_minor)
);
-- An invoice is with one factor at a time.
CREATE UNIQUE INDEX factoring_assignments_invoice_id_key ON factoring_assignments (invoice_id) WHERE status = 'active';
CREATE INDEX factoring_assignments_agreement ON factoring_assignments (agreement_id, id);
CREATE INDEX factoring_assignments_customer ON factoring_assignments (customer_id, id);

-- The day from which an invoice that was sold without recourse is no exposure any more.
ALTER TABLE invoices ADD COLUMN sold_on date;
