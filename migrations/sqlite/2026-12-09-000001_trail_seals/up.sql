-- The chain over the trail: each entry's hash is over the one before it and the entry's own bytes. Never changed and never
-- removed, as the trail itself.
CREATE TABLE trail_seals (
    position INTEGER PRIMARY KEY CHECK (position > 0),
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX trail_seals_seq ON trail_seals (seq);
CREATE TRIGGER trail_seals_no_update BEFORE UPDATE ON trail_seals
BEGIN
    SELECT RAISE(ABORT, 'trail_seals is append-only');
END;
CREATE TRIGGER trail_seals_no_delete BEFORE DELETE ON trail_seals
BEGIN
    SELECT RAISE(ABORT, 'trail_seals is append-only');
END;
-- REPLACE deletes without asking the trigger above.
CREATE TRIGGER trail_seals_no_replace BEFORE INSERT ON trail_seals
WHEN EXISTS (SELECT 1 FROM trail_seals WHERE position = NEW.position OR seq = NEW.seq)
BEGIN
    SELECT RAISE(FAIL, 'trail_seals is append-only');
END;

-- How far the chain had come at a moment, signed.
CREATE TABLE trail_checkpoints (
    id BLOB PRIMARY KEY NOT NULL,
    position INTEGER NOT NULL,
    hash BLOB NOT NULL,
    signed_at TEXT NOT NULL,
    signed_by TEXT NOT NULL,
    public_key BLOB NOT NULL,
    signature BLOB NOT NULL
) STRICT;
CREATE TRIGGER trail_checkpoints_no_update BEFORE UPDATE ON trail_checkpoints
BEGIN
    SELECT RAISE(ABORT, 'trail_checkpoints is append-only');
END;
CREATE TRIGGER trail_checkpoints_no_delete BEFORE DELETE ON trail_checkpoints
BEGIN
    SELECT RAISE(ABORT, 'trail_checkpoints is append-only');
END;
CREATE TRIGGER trail_checkpoints_no_replace BEFORE INSERT ON trail_checkpoints
WHEN EXISTS (SELECT 1 FROM trail_checkpoints WHERE id = NEW.id)
BEGIN
    SELECT RAISE(FAIL, 'trail_checkpoints is append-only');
END;
