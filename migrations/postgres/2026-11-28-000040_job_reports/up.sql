-- What jobs found wrong, line by line, as CSV in pieces. A job's answer shows the first lines of it.
CREATE TABLE job_reports (
    job_id uuid NOT NULL REFERENCES jobs (id),
    attempt integer NOT NULL,
    part integer NOT NULL,
    bytes bytea NOT NULL,
    PRIMARY KEY (job_id, attempt, part)
);
