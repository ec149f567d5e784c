-- What jobs found wrong, line by line, as CSV in pieces. A job's answer shows the first lines of it.
CREATE TABLE job_reports (
    job_id BLOB NOT NULL REFERENCES jobs (id),
    attempt INTEGER NOT NULL,
    part INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (job_id, attempt, part)
) STRICT;
