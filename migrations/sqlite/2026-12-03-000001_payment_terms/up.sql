-- When invoices are due, by version: each document has the instalments and the discounts for paying early.
CREATE TABLE payment_term_versions (
    id BLOB PRIMARY KEY NOT NULL,
    code TEXT NOT NULL,
    terms_version INTEGER NOT NULL,
    status TEXT NOT NULL,
    document TEXT NOT NULL,
    reason TEXT NOT NULL,
    author TEXT NOT NULL,
    drafters TEXT NOT NULL,
    approver TEXT,
    created_at TEXT NOT NULL,
    live_at TEXT,
    retired_at TEXT,
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX payment_term_versions_code_terms_version_key ON payment_term_versions (code, terms_version);
CREATE UNIQUE INDEX payment_term_versions_live_key ON payment_term_versions (code) WHERE status = 'live';

-- Which days are worked: each document has the weekend and the special days.
CREATE TABLE calendars (
    code TEXT PRIMARY KEY NOT NULL,
    document TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT;
