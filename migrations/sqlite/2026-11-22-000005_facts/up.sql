-- What customers report. Never changed: a correction is another version of the same period.
CREATE TABLE financial_statements (
    id BLOB PRIMARY KEY,
    customer_id BLOB NOT NULL REFERENCES customers (id),
    period_end TEXT NOT NULL,
    months INTEGER NOT NULL CHECK (months BETWEEN 1 AND 18),
    kind TEXT NOT NULL CHECK (kind IN ('annual', 'interim')),
    currency TEXT NOT NULL,
    audit TEXT NOT NULL CHECK (audit IN ('audited', 'reviewed', 'unaudited')),
    source TEXT NOT NULL,
    received_on TEXT NOT NULL,
    lines TEXT NOT NULL,
    statement_version INTEGER NOT NULL CHECK (statement_version > 0),
    corrects_id BLOB REFERENCES financial_statements (id),
    reason TEXT,
    entered_by TEXT NOT NULL,
    entered_at TEXT NOT NULL,
    CHECK ((corrects_id IS NULL) = (statement_version = 1)),
    CHECK ((corrects_id IS NULL) = (reason IS NULL))
) STRICT;
CREATE UNIQUE INDEX financial_statements_period
    ON financial_statements (customer_id, period_end, months, statement_version);
CREATE UNIQUE INDEX financial_statements_corrects ON financial_statements (corrects_id);

-- What is known of industries. Never changed: a change is another version.
CREATE TABLE industry_versions (
    id BLOB PRIMARY KEY,
    code TEXT NOT NULL,
    industry_version INTEGER NOT NULL CHECK (industry_version > 0),
    name_en TEXT NOT NULL,
    name_zh TEXT NOT NULL,
    growth TEXT,
    cr4 TEXT,
    hhi TEXT,
    risk_class INTEGER CHECK (risk_class BETWEEN 1 AND 5),
    source TEXT NOT NULL,
    as_of TEXT NOT NULL,
    set_by TEXT NOT NULL,
    set_at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX industry_versions_code ON industry_versions (code, industry_version);

-- What people say of customers. Never changed: of several, the newest that holds counts.
CREATE TABLE customer_facts (
    id BLOB PRIMARY KEY,
    customer_id BLOB NOT NULL REFERENCES customers (id),
    indicator TEXT NOT NULL,
    value TEXT NOT NULL,
    source TEXT NOT NULL,
    as_of TEXT NOT NULL,
    expires_on TEXT NOT NULL,
    note TEXT,
    said_by TEXT NOT NULL,
    said_at TEXT NOT NULL,
    CHECK (expires_on >= as_of)
) STRICT;
CREATE INDEX customer_facts_customer ON customer_facts (customer_id, as_of, id);
