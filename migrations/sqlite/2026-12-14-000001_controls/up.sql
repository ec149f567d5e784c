-- A run of the controls over a period, and who signed it off.
CREATE TABLE control_runs (
    id BLOB PRIMARY KEY NOT NULL,
    period_from TEXT NOT NULL,
    period_to TEXT NOT NULL,
    job_id BLOB NOT NULL,
    started_by TEXT NOT NULL,
    started_at TEXT NOT NULL,
    finished_at TEXT,
    signed_off_by TEXT,
    signed_off_at TEXT,
    sign_off_note TEXT,
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX control_runs_job_id_key ON control_runs (job_id);

-- What each control found: how many things it looked at, and the first of those that were not as they should be.
CREATE TABLE control_results (
    run_id BLOB NOT NULL REFERENCES control_runs (id),
    control TEXT NOT NULL,
    position INTEGER NOT NULL,
    status TEXT NOT NULL,
    not_testable TEXT,
    population INTEGER NOT NULL,
    exception_count INTEGER NOT NULL,
    exceptions TEXT NOT NULL,
    PRIMARY KEY (run_id, control)
) STRICT;

-- Which entries of the trail concern which customer.
CREATE TABLE timeline_entries (
    customer_id BLOB NOT NULL REFERENCES customers (id),
    seq INTEGER NOT NULL,
    PRIMARY KEY (customer_id, seq)
) STRICT, WITHOUT ROWID;

-- Invoices beyond what their orders allowed, of which there are few.
CREATE INDEX invoices_order_excess ON invoices (id) WHERE order_excess_minor IS NOT NULL;
