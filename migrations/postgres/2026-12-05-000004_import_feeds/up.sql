-- How far the ledgers that are kept elsewhere were taken over: one row for each kind of snapshot.
CREATE TABLE import_feeds (
    kind text PRIMARY KEY,
    ledger_as_of date,
    control text NOT NULL,
    stated bigint NOT NULL,
    missing bigint NOT NULL,
    taken_by text NOT NULL,
    taken_at timestamptz NOT NULL
);
