-- What every room stands on: the trail, the events that are read from it, the days, the keys and the jobs.
--
-- The base of the schema. Its files never change: what is to be otherwise comes as a further migration, see
-- docs/decisions/0001-growing-lists.md. No column has a list of its values here, because SQLite can't alter a CHECK: the
-- program writes what it knows, and `netterms verify` looks at all rows. What amounts must be stands here. Uniqueness is
-- by indexes, which can be dropped.

-- Who did what to which thing, and why: one row for each change, never changed and never removed.
CREATE TABLE trail_entries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL,
    at TEXT NOT NULL,
    subject TEXT NOT NULL,
    issuer TEXT NOT NULL,
    client_id TEXT NOT NULL,
    roles TEXT NOT NULL,
    action TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    before TEXT,
    after TEXT,
    reason TEXT,
    request_id TEXT NOT NULL,
    transaction_id INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX trail_entries_entity ON trail_entries (entity_id, seq);
CREATE INDEX trail_entries_subject ON trail_entries (subject, seq);
CREATE INDEX trail_entries_action ON trail_entries (action, seq);
CREATE INDEX trail_entries_at ON trail_entries (at, seq);
CREATE TRIGGER trail_entries_no_update BEFORE UPDATE ON trail_entries
BEGIN
    SELECT RAISE(ABORT, 'trail_entries is append-only');
END;
CREATE TRIGGER trail_entries_no_delete BEFORE DELETE ON trail_entries
BEGIN
    SELECT RAISE(ABORT, 'trail_entries is append-only');
END;
-- REPLACE deletes without asking the trigger above. FAIL, as ABORT would have every insert be ready to undo itself.
CREATE TRIGGER trail_entries_no_replace BEFORE INSERT ON trail_entries
WHEN EXISTS (SELECT 1 FROM trail_entries WHERE seq = NEW.seq)
BEGIN
    SELECT RAISE(FAIL, 'trail_entries is append-only');
END;

-- How far each reader of the trail has come, and when it tries again after an error.
CREATE TABLE subscriptions (
    name TEXT PRIMARY KEY NOT NULL,
    transaction_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    last_error TEXT,
    retry_at TEXT
) STRICT;

-- The business days that have begun.
CREATE TABLE business_days (
    day TEXT PRIMARY KEY NOT NULL,
    begun_at TEXT NOT NULL
) STRICT;

-- The answers that requests with a key were given, to be given again.
-- In the order of time, by which old ones are found, with ids in a tree of their own: they come in no order, and a tree of
-- whole rows would be split all the time.
CREATE TABLE idempotency_keys (
    id BLOB PRIMARY KEY NOT NULL,
    fingerprint TEXT NOT NULL,
    answer TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;

-- Work that takes longer than a request. Whoever works on one holds a lease on it.
CREATE TABLE jobs (
    id BLOB PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    progress_done INTEGER NOT NULL,
    progress_total INTEGER,
    progress_unit TEXT NOT NULL,
    input TEXT NOT NULL,
    result TEXT,
    errors TEXT,
    created_by TEXT NOT NULL,
    caller TEXT NOT NULL,
    created_at TEXT NOT NULL,
    started_at TEXT,
    finished_at TEXT,
    lease_until TEXT,
    attempts INTEGER NOT NULL,
    cancel_requested_at TEXT,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX jobs_status ON jobs (status, id);
CREATE INDEX jobs_created_by ON jobs (created_by, id);

-- What was uploaded for a job, in pieces.
CREATE TABLE job_files (
    job_id BLOB NOT NULL REFERENCES jobs (id),
    part INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (job_id, part)
) STRICT;

-- What jobs found wrong, line by line, as CSV in pieces. A job's answer shows the first lines of it.
CREATE TABLE job_reports (
    job_id BLOB NOT NULL REFERENCES jobs (id),
    attempt INTEGER NOT NULL,
    part INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (job_id, attempt, part)
) STRICT;
