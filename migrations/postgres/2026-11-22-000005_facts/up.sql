-- What customers report. Never changed: a correction is another version of the same period.
CREATE TABLE financial_statements (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customers (id),
    period_end date NOT NULL,
    months integer NOT NULL CHECK (months BETWEEN 1 AND 18),
    kind text NOT NULL CHECK (kind IN ('annual', 'interim')),
    currency text NOT NULL,
    audit text NOT NULL CHECK (audit IN ('audited', 'reviewed', 'unaudited')),
    source text NOT NULL,
    received_on date NOT NULL,
    lines text NOT NULL,
    statement_version integer NOT NULL CHECK (statement_version > 0),
    corrects_id uuid REFERENCES financial_statements (id),
    reason text,
    entered_by text NOT NULL,
    entered_at timestamptz NOT NULL,
    CHECK ((corrects_id IS NULL) = (statement_version = 1)),
    CHECK ((corrects_id IS NULL) = (reason IS NULL))
);
CREATE UNIQUE INDEX financial_statements_period
    ON financial_statements (customer_id, period_end, months, statement_version);
CREATE UNIQUE INDEX financial_statements_corrects ON financial_statements (corrects_id);

-- What is known of industries. Never changed: a change is another version.
CREATE TABLE industry_versions (
    id uuid PRIMARY KEY,
    code text NOT NULL,
    industry_version bigint NOT NULL CHECK (industry_version > 0),
    name_en text NOT NULL,
    name_zh text NOT NULL,
    growth text,
    cr4 text,
    hhi text,
    risk_class integer CHECK (risk_class BETWEEN 1 AND 5),
    source text NOT NULL,
    as_of date NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX industry_versions_code ON industry_versions (code, industry_version);

-- What people say of customers. Never changed: of several, the newest that holds counts.
CREATE TABLE customer_facts (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customers (id),
    indicator text NOT NULL,
    value text NOT NULL,
    source text NOT NULL,
    as_of date NOT NULL,
    expires_on date NOT NULL,
    note text,
    said_by text NOT NULL,
    said_at timestamptz NOT NULL,
    CHECK (expires_on >= as_of)
);
CREATE INDEX customer_facts_customer ON customer_facts (customer_id, as_of, id);
