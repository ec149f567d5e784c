-- States and kinds have no list of values here: they may grow.
CREATE TABLE catalogue_versions (
    id uuid PRIMARY KEY,
    code text NOT NULL,
    catalogue_version integer NOT NULL,
    status text NOT NULL,
    document text NOT NULL,
    reason text NOT NULL,
    author text NOT NULL,
    drafters text NOT NULL,
    approver text,
    created_at timestamptz NOT NULL,
    live_at timestamptz,
    retired_at timestamptz,
    version bigint NOT NULL,
    CONSTRAINT catalogue_versions_code_catalogue_version_key UNIQUE (code, catalogue_version)
);
CREATE UNIQUE INDEX catalogue_versions_live_key ON catalogue_versions (code) WHERE status = 'live';

CREATE TABLE change_requests (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    status text NOT NULL,
    target_id text NOT NULL,
    target_number text,
    target_version bigint NOT NULL,
    customer_id uuid REFERENCES customers (id),
    before text NOT NULL,
    after text NOT NULL,
    reason text NOT NULL,
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL,
    decided_by text,
    decision_reason text,
    decided_at timestamptz,
    version bigint NOT NULL
);
CREATE INDEX change_requests_status ON change_requests (status, id);
CREATE INDEX change_requests_target ON change_requests (target_id, id);
CREATE INDEX change_requests_customer ON change_requests (customer_id, id);
