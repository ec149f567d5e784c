-- How far the ledgers that are kept elsewhere were taken over: one row for each kind of snapshot
-- and legal entity.
CREATE TABLE import_feeds (
    kind text NOT NULL,
    legal_entity_id uuid NOT NULL REFERENCES legal_entities (id),
    ledger_as_of date,
    control text NOT NULL,
    stated bigint NOT NULL,
    missing bigint NOT NULL,
    taken_by text NOT NULL,
    taken_at timestamptz NOT NULL,
    PRIMARY KEY (kind, legal_entity_id)
);
