-- What other systems call customers.
CREATE TABLE customer_aliases (
    id BLOB PRIMARY KEY NOT NULL,
    customer_id BLOB NOT NULL REFERENCES customers (id),
    source_system TEXT NOT NULL,
    alias TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX customer_aliases_source_system_alias_key ON customer_aliases (source_system, alias);
CREATE INDEX customer_aliases_customer ON customer_aliases (customer_id, id);
