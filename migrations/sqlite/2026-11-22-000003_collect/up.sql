CREATE TABLE dunning_procedures (
    id BLOB PRIMARY KEY,
    name TEXT NOT NULL CONSTRAINT dunning_procedures_name_key UNIQUE,
    usage TEXT NOT NULL CHECK (usage IN ('default', 'assigned', 'retired')),
    document TEXT NOT NULL,
    created_at TEXT NOT NULL,
    changed_at TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX dunning_procedures_usage_key ON dunning_procedures (usage) WHERE usage = 'default';

CREATE TABLE dunning_runs (
    id BLOB PRIMARY KEY,
    as_of TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('previewed', 'approved', 'issued', 'cancelled')),
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    approved_by TEXT,
    approved_at TEXT,
    issued_by TEXT,
    issued_at TEXT,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX dunning_runs_as_of ON dunning_runs (as_of, id);

CREATE TABLE dunning_notices (
    id BLOB PRIMARY KEY,
    run_id BLOB NOT NULL REFERENCES dunning_runs (id),
    customer_id BLOB NOT NULL REFERENCES customers (id),
    account_id BLOB NOT NULL REFERENCES credit_accounts (id),
    level INTEGER NOT NULL CHECK (level > 0),
    channel TEXT NOT NULL CHECK (channel IN ('letter', 'email', 'phone', 'visit', 'legal')),
    effect TEXT NOT NULL CHECK (effect IN ('none', 'block')),
    language TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('previewed', 'issued', 'suppressed', 'cancelled')),
    currency TEXT NOT NULL,
    total_minor INTEGER NOT NULL CHECK (total_minor > 0),
    subject TEXT NOT NULL,
    body_text TEXT NOT NULL,
    body_html TEXT NOT NULL,
    issued_on TEXT,
    suppressed_reason TEXT,
    created_at TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX dunning_notices_run ON dunning_notices (run_id, id);
CREATE INDEX dunning_notices_customer ON dunning_notices (customer_id, id);

CREATE TABLE dunning_notice_items (
    notice_id BLOB NOT NULL REFERENCES dunning_notices (id),
    invoice_id BLOB NOT NULL REFERENCES invoices (id),
    level INTEGER NOT NULL CHECK (level > 0),
    days_past_due INTEGER NOT NULL,
    open_minor INTEGER NOT NULL CHECK (open_minor > 0),
    PRIMARY KEY (notice_id, invoice_id)
) STRICT;
CREATE INDEX dunning_notice_items_invoice ON dunning_notice_items (invoice_id);

CREATE TABLE dunning_stages (
    invoice_id BLOB PRIMARY KEY REFERENCES invoices (id),
    customer_id BLOB NOT NULL REFERENCES customers (id),
    level INTEGER NOT NULL CHECK (level > 0),
    last_dunned_on TEXT NOT NULL,
    notice_id BLOB NOT NULL REFERENCES dunning_notices (id)
) STRICT;
CREATE INDEX dunning_stages_customer ON dunning_stages (customer_id, level);

CREATE TABLE dunning_blocks (
    id BLOB PRIMARY KEY,
    customer_id BLOB NOT NULL REFERENCES customers (id),
    invoice_id BLOB REFERENCES invoices (id),
    reason TEXT NOT NULL,
    until TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    lifted_at TEXT,
    lifted_by TEXT,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX dunning_blocks_customer ON dunning_blocks (customer_id, until);
