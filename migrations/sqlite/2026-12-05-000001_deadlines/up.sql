-- By when something must be done about a customer: rooms write theirs, people add their own.
CREATE TABLE deadlines (
    id BLOB PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    customer_id BLOB NOT NULL REFERENCES customers (id),
    due_on TEXT NOT NULL,
    rule TEXT NOT NULL,
    note TEXT,
    status TEXT NOT NULL,
    done_note TEXT,
    done_on TEXT,
    done_by TEXT,
    done_at TEXT,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX deadlines_due ON deadlines (due_on, id);
CREATE INDEX deadlines_open ON deadlines (due_on) WHERE status = 'open';
CREATE INDEX deadlines_customer ON deadlines (customer_id, due_on, id);
CREATE INDEX deadlines_subject ON deadlines (subject_id, id);
