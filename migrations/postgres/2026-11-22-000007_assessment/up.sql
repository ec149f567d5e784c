CREATE TABLE application_assessments (
    id uuid PRIMARY KEY,
    application_id uuid NOT NULL REFERENCES applications (id),
    number integer NOT NULL,
    policy_version integer NOT NULL,
    grade text,
    decision text NOT NULL CHECK (decision IN ('grant', 'grant_less', 'decline', 'undecided')),
    currency text NOT NULL,
    limit_minor bigint,
    net_days integer NOT NULL,
    document text NOT NULL,
    assessed_by text NOT NULL,
    assessed_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX application_assessments_application_id_number_key
    ON application_assessments (application_id, number);
