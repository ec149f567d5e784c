-- How far the ledgers that are kept elsewhere were taken over: one row for each kind of snapshot.
CREATE TABLE import_feeds (
    kind TEXT PRIMARY KEY NOT NULL,
    ledger_as_of TEXT,
    control TEXT NOT NULL,
    stated INTEGER NOT NULL,
    missing INTEGER NOT NULL,
    taken_by TEXT NOT NULL,
    taken_at TEXT NOT NULL
) STRICT;
