-- When invoices are due, by version: each document has the instalments and the discounts for paying early.
CREATE TABLE payment_term_versions (
    id uuid PRIMARY KEY,
    code text NOT NULL,
    terms_version integer NOT NULL,
    status text NOT NULL,
    document text NOT NULL,
    reason text NOT NULL,
    author text NOT NULL,
    drafters text NOT NULL,
    approver text,
    created_at timestamptz NOT NULL,
    live_at timestamptz,
    retired_at timestamptz,
    version bigint NOT NULL
);
CREATE UNIQUE INDEX payment_term_versions_code_terms_version_key ON payment_term_versions (code, terms_version);
CREATE UNIQUE INDEX payment_term_versions_live_key ON payment_term_versions (code) WHERE status = 'live';

-- Which days are worked: each document has the weekend and the special days.
CREATE TABLE calendars (
    code text PRIMARY KEY,
    document text NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    version bigint NOT NULL
);
