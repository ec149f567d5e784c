CREATE TABLE dunning_procedures (
    id uuid PRIMARY KEY,
    name text NOT NULL CONSTRAINT dunning_procedures_name_key UNIQUE,
    usage text NOT NULL CHECK (usage IN ('default', 'assigned', 'retired')),
    document text NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    version bigint NOT NULL
);
CREATE UNIQUE INDEX dunning_procedures_usage_key ON dunning_procedures (usage) WHERE usage = 'default';

CREATE TABLE dunning_runs (
    id uuid PRIMARY KEY,
    as_of date NOT NULL,
    status text NOT NULL CHECK (status IN ('previewed', 'approved', 'issued', 'cancelled')),
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    approved_by text,
    approved_at timestamptz,
    issued_by text,
    issued_at timestamptz,
    version bigint NOT NULL
);
CREATE INDEX dunning_runs_as_of ON dunning_runs (as_of, id);

CREATE TABLE dunning_notices (
    id uuid PRIMARY KEY,
    run_id uuid NOT NULL REFERENCES dunning_runs (id),
    customer_id uuid NOT NULL REFERENCES customers (id),
    account_id uuid NOT NULL REFERENCES credit_accounts (id),
    level integer NOT NULL CHECK (level > 0),
    channel text NOT NULL CHECK (channel IN ('letter', 'email', 'phone', 'visit', 'legal')),
    effect text NOT NULL CHECK (effect IN ('none', 'block')),
    language text NOT NULL,
    status text NOT NULL CHECK (status IN ('previewed', 'issued', 'suppressed', 'cancelled')),
    currency text NOT NULL,
    total_minor bigint NOT NULL CHECK (total_minor > 0),
    subject text NOT NULL,
    body_text text NOT NULL,
    body_html text NOT NULL,
    issued_on date,
    suppressed_reason text,
    created_at timestamptz NOT NULL,
    version bigint NOT NULL
);
CREATE INDEX dunning_notices_run ON dunning_notices (run_id, id);
CREATE INDEX dunning_notices_customer ON dunning_notices (customer_id, id);

CREATE TABLE dunning_notice_items (
    notice_id uuid NOT NULL REFERENCES dunning_notices (id),
    invoice_id uuid NOT NULL REFERENCES invoices (id),
    level integer NOT NULL CHECK (level > 0),
    days_past_due integer NOT NULL,
    open_minor bigint NOT NULL CHECK (open_minor > 0),
    PRIMARY KEY (notice_id, invoice_id)
);
CREATE INDEX dunning_notice_items_invoice ON dunning_notice_items (invoice_id);

CREATE TABLE dunning_stages (
    invoice_id uuid PRIMARY KEY REFERENCES invoices (id),
    customer_id uuid NOT NULL REFERENCES customers (id),
    level integer NOT NULL CHECK (level > 0),
    last_dunned_on date NOT NULL,
    notice_id uuid NOT NULL REFERENCES dunning_notices (id)
);
CREATE INDEX dunning_stages_customer ON dunning_stages (customer_id, level);

CREATE TABLE dunning_blocks (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customers (id),
    invoice_id uuid REFERENCES invoices (id),
    reason text NOT NULL,
    until date NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    lifted_at timestamptz,
    lifted_by text,
    version bigint NOT NULL
);
CREATE INDEX dunning_blocks_customer ON dunning_blocks (customer_id, until);
