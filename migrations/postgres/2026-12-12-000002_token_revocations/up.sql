-- Tokens that count no more, until none of them could be valid. Seconds since 1970 by the clock on the wall.
CREATE TABLE token_revocations (
    id uuid PRIMARY KEY,
    token_id text,
    subject text,
    issued_until bigint NOT NULL,
    kept_until bigint NOT NULL,
    reason text NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX token_revocations_kept_until ON token_revocations (kept_until);
