-- What is sent to customers, by e-mail or as a letter, and its bytes as they were sent.
CREATE TABLE messages (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customers (id),
    legal_entity_id uuid NOT NULL REFERENCES legal_entities (id),
    kind text NOT NULL,
    about_id text NOT NULL,
    channel text NOT NULL,
    language text NOT NULL,
    recipient text NOT NULL,
    sender text,
    subject text NOT NULL,
    media_type text NOT NULL,
    sha256 text NOT NULL,
    size_bytes bigint NOT NULL,
    asks text NOT NULL,
    status text NOT NULL,
    status_reason text,
    attempts integer NOT NULL,
    next_attempt_at timestamptz,
    lease_until timestamptz,
    attempted_at timestamptz,
    failure text,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    sent_at timestamptz,
    ended_at timestamptz,
    changed_at timestamptz NOT NULL,
    version bigint NOT NULL
);
CREATE INDEX messages_customer ON messages (customer_id, id);
CREATE INDEX messages_about ON messages (about_id, id);
CREATE INDEX messages_status ON messages (status, channel, id);
CREATE INDEX messages_due ON messages (next_attempt_at) WHERE status = 'queued' AND channel = 'email';
CREATE TABLE message_contents (
    message_id uuid PRIMARY KEY REFERENCES messages (id),
    bytes bytea NOT NULL
);
