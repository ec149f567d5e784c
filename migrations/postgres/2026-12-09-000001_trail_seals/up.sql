-- The chain over the trail: each entry's hash is over the one before it and the entry's own bytes. Never changed and never
-- removed, as the trail itself.
CREATE TABLE trail_seals (
    position bigint PRIMARY KEY CHECK (position > 0),
    seq bigint NOT NULL,
    hash bytea NOT NULL
);
CREATE UNIQUE INDEX trail_seals_seq ON trail_seals (seq);
CREATE TRIGGER trail_seals_append_only BEFORE UPDATE OR DELETE ON trail_seals
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER trail_seals_no_truncate BEFORE TRUNCATE ON trail_seals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- How far the chain had come at a moment, signed.
CREATE TABLE trail_checkpoints (
    id uuid PRIMARY KEY,
    position bigint NOT NULL,
    hash bytea NOT NULL,
    signed_at timestamptz NOT NULL,
    signed_by text NOT NULL,
    public_key bytea NOT NULL,
    signature bytea NOT NULL
);
CREATE TRIGGER trail_checkpoints_append_only BEFORE UPDATE OR DELETE ON trail_checkpoints
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER trail_checkpoints_no_truncate BEFORE TRUNCATE ON trail_checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
