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

CREATE TABLE subscriptions (
    name TEXT PRIMARY KEY,
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

-- In the order of time, by which old ones are found, with ids in a tree of their own: they come in no order, and a tree of
-- whole rows would be split all the time.
CREATE TABLE idempotency_keys (
    id BLOB PRIMARY KEY NOT NULL,
    fingerprint TEXT NOT NULL,
    answer TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;

CREATE TABLE jobs (
    id BLOB PRIMARY KEY,
    kind TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('receiving', 'queued', 'running', 'succeeded', 'failed', 'cancelled')),
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

CREATE TABLE job_files (
    job_id BLOB NOT NULL REFERENCES jobs (id),
    part INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (job_id, part)
) STRICT;

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
