-- Days of a legal entity's books, and whether anything is posted into them.
CREATE TABLE periods (
    id uuid PRIMARY KEY,
    legal_entity_id uuid NOT NULL REFERENCES legal_entities (id),
    code text NOT NULL,
    first_day date NOT NULL,
    last_day date NOT NULL,
    status text NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    version bigint NOT NULL,
    CHECK (first_day <= last_day)
);
CREATE UNIQUE INDEX periods_legal_entity_id_code_key ON periods (legal_entity_id, code);
CREATE INDEX periods_status ON periods (status);

-- What was recorded in a closed period, because it had happened elsewhere.
CREATE TABLE period_violations (
    id uuid PRIMARY KEY,
    period_id uuid NOT NULL REFERENCES periods (id),
    document_id text NOT NULL,
    day date NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX period_violations_period ON period_violations (period_id, id);
