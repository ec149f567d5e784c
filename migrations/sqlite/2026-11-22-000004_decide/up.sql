CREATE TABLE limit_checks (
    id BLOB PRIMARY KEY,
    account_id BLOB NOT NULL,
    customer_id BLOB NOT NULL,
    order_number TEXT,
    checkpoint TEXT NOT NULL CHECK (checkpoint IN ('quote', 'order', 'delivery', 'invoice')),
    currency TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('approved', 'approved_with_warning', 'review_required', 'rejected')),
    policy_version INTEGER NOT NULL,
    record TEXT NOT NULL,
    checked_by TEXT NOT NULL,
    checked_at TEXT NOT NULL
) STRICT;
CREATE INDEX limit_checks_customer ON limit_checks (customer_id, id);
CREATE INDEX limit_checks_order ON limit_checks (order_number, id);

CREATE TABLE credit_blocks (
    id BLOB PRIMARY KEY,
    check_id BLOB NOT NULL REFERENCES limit_checks (id),
    account_id BLOB NOT NULL REFERENCES credit_accounts (id),
    customer_id BLOB NOT NULL REFERENCES customers (id),
    order_number TEXT NOT NULL,
    purpose TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    reserve_until TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('open', 'assigned', 'released', 'auto_released', 'rejected', 'withdrawn')),
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

CREATE TABLE applications (
    id BLOB PRIMARY KEY,
    customer_id BLOB NOT NULL REFERENCES customers (id),
    account_id BLOB NOT NULL REFERENCES credit_accounts (id),
    scope TEXT NOT NULL CHECK (scope IN ('own', 'group')),
    status TEXT NOT NULL CHECK (status IN ('draft', 'submitted', 'under_review', 'information_requested',
        'pending_approval', 'approved_with_conditions', 'approved', 'declined', 'withdrawn', 'expired')),
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
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX applications_account_id_scope_key ON applications (account_id, scope)
    WHERE status NOT IN ('approved', 'declined', 'withdrawn', 'expired');
CREATE INDEX applications_status ON applications (status, id);
CREATE INDEX applications_customer ON applications (customer_id, id);
CREATE INDEX applications_deadline ON applications (deadline) WHERE deadline IS NOT NULL;

CREATE TABLE application_steps (
    id BLOB PRIMARY KEY,
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
