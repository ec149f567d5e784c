-- Tables as files: what was asked for, and the file when its job has made it. The file itself is kept as the job's report, in
-- parts, until the export expires.
CREATE TABLE exports (
    id uuid PRIMARY KEY,
    table_name text NOT NULL,
    format text NOT NULL,
    period_from date,
    period_to date,
    as_of date,
    job_id uuid NOT NULL REFERENCES jobs (id),
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    attempt integer,
    row_count bigint,
    byte_count bigint,
    sha256 text,
    deleted_at timestamptz
);
CREATE UNIQUE INDEX exports_job_id_key ON exports (job_id);
CREATE INDEX exports_kept ON exports (expires_at) WHERE deleted_at IS NULL;
