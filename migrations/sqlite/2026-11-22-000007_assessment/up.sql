CREATE TABLE application_assessments (
    id BLOB PRIMARY KEY,
    application_id BLOB NOT NULL REFERENCES applications (id),
    number INTEGER NOT NULL,
    policy_version INTEGER NOT NULL,
    grade TEXT,
    decision TEXT NOT NULL CHECK (decision IN ('grant', 'grant_less', 'decline', 'undecided')),
    currency TEXT NOT NULL,
    limit_minor INTEGER,
    net_days INTEGER NOT NULL,
    document TEXT NOT NULL,
    assessed_by TEXT NOT NULL,
    assessed_at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX application_assessments_application_id_number_key
    ON application_assessments (application_id, number);
