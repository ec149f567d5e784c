-- Tables as files: what was asked for, and the file when its job has made it. The file itself is kept as the job's report, in
-- parts, until the export expires.
CREATE TABLE exports (
    id BLOB PRIMARY KEY NOT NULL,
    table_name TEXT NOT NULL,
    format TEXT NOT NULL,
    period_from TEXT,
    period_to TEXT,
    as_of TEXT,
    job_id BLOB NOT NULL REFERENCES jobs (id),
    requested_by TEXT NOT NULL,
    requested_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    attempt INTEGER,
    row_count INTEGER,
    byte_count INTEGER,
    sha256 TEXT,
    deleted_at TEXT
) STRICT;
CREATE UNIQUE INDEX exports_job_id_key ON exports (job_id);
CREATE INDEX exports_kept ON exports (expires_at) WHERE deleted_at IS NULL;
