-- Keys by which systems sign in. Of a secret its SHA-256 is kept.
CREATE TABLE api_keys (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    role text NOT NULL,
    scopes text NOT NULL,
    secret_hash text NOT NULL,
    previous_hash text,
    previous_until timestamptz,
    expires_at timestamptz,
    requests_per_second integer,
    last_used_at timestamptz,
    revoked_at timestamptz,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    version bigint NOT NULL
);
