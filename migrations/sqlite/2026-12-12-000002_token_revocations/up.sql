-- Tokens that count no more, until none of them could be valid. Seconds since 1970 by the clock on the wall.
CREATE TABLE token_revocations (
    id BLOB PRIMARY KEY NOT NULL,
    token_id TEXT,
    subject TEXT,
    issued_until INTEGER NOT NULL,
    kept_until INTEGER NOT NULL,
    reason TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;
CREATE INDEX token_revocations_kept_until ON token_revocations (kept_until);
