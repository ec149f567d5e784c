-- What other systems call customers.
CREATE TABLE customer_aliases (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customers (id),
    source_system text NOT NULL,
    alias text NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    version bigint NOT NULL
);
CREATE UNIQUE INDEX customer_aliases_source_system_alias_key ON customer_aliases (source_system, alias);
CREATE INDEX customer_aliases_customer ON customer_aliases (customer_id, id);
