-- Where events are delivered to, and what became of each. Secrets are sealed.
CREATE TABLE webhook_endpoints (
    id uuid PRIMARY KEY,
    url text NOT NULL,
    description text,
    event_types text NOT NULL,
    status text NOT NULL,
    disabled_because text,
    secret text NOT NULL,
    previous_secret text,
    previous_secret_until timestamptz,
    transaction_id bigint NOT NULL,
    seq bigint NOT NULL,
    failing_since timestamptz,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    version bigint NOT NULL
);
CREATE INDEX webhook_endpoints_status ON webhook_endpoints (status, id);
CREATE TABLE webhook_deliveries (
    id uuid PRIMARY KEY,
    endpoint_id uuid NOT NULL REFERENCES webhook_endpoints (id),
    event_id uuid NOT NULL,
    event_type text NOT NULL,
    resource_id text NOT NULL,
    seq bigint NOT NULL,
    status text NOT NULL,
    attempts integer NOT NULL,
    next_attempt_at timestamptz,
    lease_until timestamptz,
    attempted_at timestamptz,
    answer_code integer,
    failure text,
    duration_ms bigint,
    created_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX webhook_deliveries_endpoint ON webhook_deliveries (endpoint_id, id);
CREATE INDEX webhook_deliveries_event ON webhook_deliveries (event_id, endpoint_id);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, next_attempt_at) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (endpoint_id, resource_id, seq) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (ended_at) WHERE ended_at IS NOT NULL;
