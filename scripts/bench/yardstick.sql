-- The yardstick's own tables for pgbench: what a reservation needs at least, with the indexes it needs at least.
CREATE TABLE accounts (
    id integer PRIMARY KEY,
    limit_minor bigint NOT NULL,
    reserved_minor bigint NOT NULL
);
CREATE TABLE reservations (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id integer NOT NULL,
    order_number text NOT NULL,
    amount_minor bigint NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX reservations_account ON reservations (account_id, id);
CREATE TABLE decisions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id integer NOT NULL,
    order_number text NOT NULL,
    amount_minor bigint NOT NULL,
    outcome text NOT NULL,
    decided_at timestamptz NOT NULL
);
CREATE INDEX decisions_account ON decisions (account_id, id);
INSERT INTO accounts SELECT id, 1000000000000, 0 FROM generate_series(1, :accounts) AS id;
VACUUM ANALYZE accounts;
