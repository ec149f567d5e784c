-- Days of a legal entity's books, and whether anything is posted into them.
CREATE TABLE periods (
    id BLOB PRIMARY KEY NOT NULL,
    legal_entity_id BLOB NOT NULL REFERENCES legal_entities (id),
    code TEXT NOT NULL,
    first_day TEXT NOT NULL,
    last_day TEXT NOT NULL,
    status TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at TEXT NOT NULL,
    version INTEGER NOT NULL,
    CHECK (first_day <= last_day)
) STRICT;
CREATE UNIQUE INDEX periods_legal_entity_id_code_key ON periods (legal_entity_id, code);
CREATE INDEX periods_status ON periods (status);

-- What was recorded in a closed period, because it had happened elsewhere.
CREATE TABLE period_violations (
    id BLOB PRIMARY KEY NOT NULL,
    period_id BLOB NOT NULL REFERENCES periods (id),
    document_id TEXT NOT NULL,
    day TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;
CREATE INDEX period_violations_period ON period_violations (period_id, id);
