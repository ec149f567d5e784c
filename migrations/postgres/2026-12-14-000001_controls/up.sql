-- A run of the controls over a period, and who signed it off.
CREATE TABLE control_runs (
    id uuid PRIMARY KEY,
    period_from date NOT NULL,
    period_to date NOT NULL,
    job_id uuid NOT NULL,
    started_by text NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    signed_off_by text,
    signed_off_at timestamptz,
    sign_off_note text,
    version bigint NOT NULL
);
CREATE UNIQUE INDEX control_runs_job_id_key ON control_runs (job_id);

-- What each control found: how many things it looked at, and the first of those that were not as they should be.
CREATE TABLE control_results (
    run_id uuid NOT NULL REFERENCES control_runs (id),
    control text NOT NULL,
    position integer NOT NULL,
    status text NOT NULL,
    not_testable text,
    population bigint NOT NULL,
    exception_count bigint NOT NULL,
    exceptions text NOT NULL,
    PRIMARY KEY (run_id, control)
);

-- Which entries of the trail concern which customer.
CREATE TABLE timeline_entries (
    customer_id uuid NOT NULL REFERENCES customers (id),
    seq bigint NOT NULL,
    PRIMARY KEY (customer_id, seq)
);

-- Invoices beyond what their orders allowed, of which there are few.
CREATE INDEX invoices_order_excess ON invoices (id) WHERE order_excess_minor IS NOT NULL;
