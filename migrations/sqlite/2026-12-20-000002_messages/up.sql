-- What is sent to customers, by e-mail or as a letter, and its bytes as they were sent.
CREATE TABLE messages (
    id BLOB PRIMARY KEY NOT NULL,
    customer_id BLOB NOT NULL REFERENCES customers (id),
    legal_entity_id BLOB NOT NULL REFERENCES legal_entities (id),
    kind TEXT NOT NULL,
    about_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    language TEXT NOT NULL,
    recipient TEXT NOT NULL,
    sender TEXT,
    subject TEXT NOT NULL,
    media_type TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    asks TEXT NOT NULL,
    status TEXT NOT NULL,
    status_reason TEXT,
    attempts INTEGER NOT NULL,
    next_attempt_at TEXT,
    lease_until TEXT,
    attempted_at TEXT,
    failure TEXT,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    sent_at TEXT,
    ended_at TEXT,
    changed_at TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX messages_customer ON messages (customer_id, id);
CREATE INDEX messages_about ON messages (about_id, id);
CREATE INDEX messages_status ON messages (status, channel, id);
CREATE INDEX messages_due ON messages (next_attempt_at) WHERE status = 'queued' AND channel = 'email';
CREATE TABLE message_contents (
    message_id BLOB PRIMARY KEY NOT NULL REFERENCES messages (id),
    bytes BLOB NOT NULL
) STRICT;
