-- States and kinds have no list of values here: they may grow.
CREATE TABLE catalogue_versions (
    id BLOB PRIMARY KEY,
    code TEXT NOT NULL,
    catalogue_version INTEGER NOT NULL,
    status TEXT NOT NULL,
    document TEXT NOT NULL,
    reason TEXT NOT NULL,
    author TEXT NOT NULL,
    drafters TEXT NOT NULL,
    approver TEXT,
    created_at TEXT NOT NULL,
    live_at TEXT,
    retired_at TEXT,
    version INTEGER NOT NULL,
    CONSTRAINT catalogue_versions_code_catalogue_version_key UNIQUE (code, catalogue_version)
) STRICT;
CREATE UNIQUE INDEX catalogue_versions_live_key ON catalogue_versions (code) WHERE status = 'live';

CREATE TABLE change_requests (
    id BLOB PRIMARY KEY,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    target_id TEXT NOT NULL,
    target_number TEXT,
    target_version INTEGER NOT NULL,
    customer_id BLOB REFERENCES customers (id),
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    reason TEXT NOT NULL,
    proposed_by TEXT NOT NULL,
    proposed_at TEXT NOT NULL,
    decided_by TEXT,
    decision_reason TEXT,
    decided_at TEXT,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX change_requests_status ON change_requests (status, id);
CREATE INDEX change_requests_target ON change_requests (target_id, id);
CREATE INDEX change_requests_customer ON change_requests (customer_id, id);
