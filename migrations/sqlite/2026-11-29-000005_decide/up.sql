-- What was decided: limit checks and the orders that they held back, and applications for limits.

-- What the credit desk decided, with all that it decided on as JSON. Written like reservations: without references.
CREATE TABLE limit_checks (
    id BLOB PRIMARY KEY NOT NULL,
    account_id BLOB NOT NULL,
    customer_id BLOB NOT NULL,
    order_number TEXT,
    checkpoint TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    policy_version INTEGER NOT NULL,
    record TEXT NOT NULL,
    checked_by TEXT NOT NULL,
    checked_at TEXT NOT NULL
) STRICT;
CREATE INDEX limit_checks_customer ON limit_checks (customer_id, id);
CREATE INDEX limit_checks_order ON limit_checks (order_number, id);

-- Orders that a check held back, and what became of them.
CREATE TABLE credit_blocks (
    id BLOB PRIMARY KEY NOT NULL,
    check_id BLOB NOT NULL REFERENCES limit_checks (id),
    account_id BLOB NOT NULL REFERENCES credit_accounts (id),
    customer_id BLOB NOT NULL REFERENCES customers (id),
    order_number TEXT NOT NULL,
    purpose TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    reserve_until TEXT NOT NULL,
    status TEXT NOT NULL,
    reasons TEXT NOT NULL,
    opened_by TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    assigned_to TEXT,
    decided_by TEXT,
    decided_at TEXT,
    decision_reason TEXT,
    ceiling_minor INTEGER,
    release_valid_until TEXT,
    release_request TEXT,
    release_requested_by TEXT,
    release_requested_at TEXT,
    promised_on TEXT,
    reservation_id BLOB REFERENCES reservations (id),
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX credit_blocks_order_number_customer_id_purpose_key
    ON credit_blocks (order_number, customer_id, purpose) WHERE status IN ('open', 'assigned');
CREATE INDEX credit_blocks_waiting ON credit_blocks (customer_id) WHERE status IN ('open', 'assigned');
CREATE INDEX credit_blocks_status ON credit_blocks (status, id);
CREATE INDEX credit_blocks_customer ON credit_blocks (customer_id, id);

-- Requests for a limit, and their way to a decision. `exceptions` are what of the policy's row for the grade the
-- recommendation passes, with a reason for each, as JSON.
CREATE TABLE applications (
    id BLOB PRIMARY KEY NOT NULL,
    customer_id BLOB NOT NULL REFERENCES customers (id),
    account_id BLOB NOT NULL REFERENCES credit_accounts (id),
    scope TEXT NOT NULL,
    status TEXT NOT NULL,
    currency TEXT NOT NULL,
    requested_limit_minor INTEGER NOT NULL CHECK (requested_limit_minor > 0),
    requested_net_days INTEGER NOT NULL,
    purpose TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    changed_at TEXT NOT NULL,
    submitted_by TEXT,
    submitted_at TEXT,
    reviewer TEXT,
    information_request TEXT,
    deadline TEXT,
    recommended_limit_minor INTEGER,
    recommended_net_days INTEGER,
    recommended_valid_until TEXT,
    recommendation TEXT,
    recommended_by TEXT,
    recommended_at TEXT,
    credit_approver TEXT,
    approver TEXT,
    decided_at TEXT,
    decision_reason TEXT,
    conditions TEXT NOT NULL,
    appealed_at TEXT,
    version INTEGER NOT NULL,
    exceptions TEXT NOT NULL DEFAULT '[]'
) STRICT;
CREATE UNIQUE INDEX applications_account_id_scope_key ON applications (account_id, scope)
    WHERE status NOT IN ('approved', 'declined', 'withdrawn', 'expired');
CREATE INDEX applications_status ON applications (status, id);
CREATE INDEX applications_customer ON applications (customer_id, id);
CREATE INDEX applications_deadline ON applications (deadline) WHERE deadline IS NOT NULL;

-- Every step of an application, with what it was about.
CREATE TABLE application_steps (
    id BLOB PRIMARY KEY NOT NULL,
    application_id BLOB NOT NULL REFERENCES applications (id),
    verb TEXT NOT NULL,
    from_status TEXT,
    to_status TEXT NOT NULL,
    subject TEXT NOT NULL,
    at TEXT NOT NULL,
    reason TEXT,
    details TEXT
) STRICT;
CREATE INDEX application_steps_application ON application_steps (application_id, id);

-- What netterms made of an application, by number.
CREATE TABLE application_assessments (
    id BLOB PRIMARY KEY NOT NULL,
    application_id BLOB NOT NULL REFERENCES applications (id),
    number INTEGER NOT NULL,
    policy_version INTEGER NOT NULL,
    grade TEXT,
    decision TEXT NOT NULL,
    currency TEXT NOT NULL,
    limit_minor INTEGER,
    net_days INTEGER NOT NULL,
    document TEXT NOT NULL,
    assessed_by TEXT NOT NULL,
    assessed_at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX application_assessments_application_id_number_key
    ON application_assessments (application_id, number);
