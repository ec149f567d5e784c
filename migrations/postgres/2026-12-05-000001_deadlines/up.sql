-- By when something must be done about a customer: rooms write theirs, people add their own.
CREATE TABLE deadlines (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    subject_kind text NOT NULL,
    subject_id text NOT NULL,
    customer_id uuid NOT NULL REFERENCES customers (id),
    due_on date NOT NULL,
    rule text NOT NULL,
    note text,
    status text NOT NULL,
    done_note text,
    done_on date,
    done_by text,
    done_at timestamptz,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    version bigint NOT NULL
);
CREATE INDEX deadlines_due ON deadlines (due_on, id);
CREATE INDEX deadlines_open ON deadlines (due_on) WHERE status = 'open';
CREATE INDEX deadlines_customer ON deadlines (customer_id, due_on, id);
CREATE INDEX deadlines_subject ON deadlines (subject_id, id);
