-- How far the ledgers that are kept elsewhere were taken over: one row for each kind of snapshot
-- and legal entity.
CREATE TABLE import_feeds (
    kind TEXT NOT NULL,
    legal_entity_id BLOB NOT NULL REFERENCES legal_entities (id),
    ledger_as_of TEXT,
    control TEXT NOT NULL,
    stated INTEGER NOT NULL,
    missing INTEGER NOT NULL,
    taken_by TEXT NOT NULL,
    taken_at TEXT NOT NULL,
    PRIMARY KEY (kind, legal_entity_id)
) STRICT;
