-- What was decided: limit checks and the orders that they held back, and applications for limits.

-- What the credit desk decided, with all that it decided on as JSON. Written like reservations: without references.
CREATE TABLE limit_checks (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    order_number text COLLATE "C",
    checkpoint text NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL,
    outcome text NOT NULL,
    policy_version integer NOT NULL,
    record text NOT NULL,
    checked_by text NOT NULL,
    checked_at timestamptz NOT NULL
);
CREATE INDEX limit_checks_customer ON limit_checks (customer_id, id);
CREATE INDEX limit_checks_order ON limit_checks (order_number, id);

-- Orders that a check held back, and what became of them.
CREATE TABLE credit_blocks (
    id uuid PRIMARY KEY,
    check_id uuid NOT NULL REFERENCES limit_checks (id),
    account_id uuid NOT NULL REFERENCES credit_accounts (id),
    customer_id uuid NOT NULL REFERENCES customers (id),
    order_number text NOT NULL,
    purpose text NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    reserve_until timestamptz NOT NULL,
    status text NOT NULL,
    reasons text NOT NULL,
    opened_by text NOT NULL,
    opened_at timestamptz NOT NULL,
    assigned_to text,
    decided_by text,
    decided_at timestamptz,
    decision_reason text,
    ceiling_minor bigint,
    release_valid_until date,
    release_request text,
    release_requested_by text,
    release_requested_at timestamptz,
    promised_on date,
    reservation_id uuid REFERENCES reservations (id),
    version bigint NOT NULL
);
CREATE UNIQUE INDEX credit_blocks_order_number_customer_id_purpose_key
    ON credit_blocks (order_number, customer_id, purpose) WHERE status IN ('open', 'assigned');
CREATE INDEX credit_blocks_waiting ON credit_blocks (customer_id) WHERE status IN ('open', 'assigned');
CREATE INDEX credit_blocks_status ON credit_blocks (status, id);
CREATE INDEX credit_blocks_customer ON credit_blocks (customer_id, id);

-- Requests for a limit, and their way to a decision. `exceptions` are what of the policy's row for the grade the
-- recommendation passes, with a reason for each, as JSON.
CREATE TABLE applications (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customers (id),
    account_id uuid NOT NULL REFERENCES credit_accounts (id),
    scope text NOT NULL,
    status text NOT NULL,
    currency text NOT NULL,
    requested_limit_minor bigint NOT NULL CHECK (requested_limit_minor > 0),
    requested_net_days integer NOT NULL,
    purpose text NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    submitted_by text,
    submitted_at timestamptz,
    reviewer text,
    information_request text,
    deadline date,
    recommended_limit_minor bigint,
    recommended_net_days integer,
    recommended_valid_until date,
    recommendation text,
    recommended_by text,
    recommended_at timestamptz,
    credit_approver text,
    approver text,
    decided_at timestamptz,
    decision_reason text,
    conditions text NOT NULL,
    appealed_at timestamptz,
    version bigint NOT NULL,
    exceptions text NOT NULL DEFAULT '[]'
);
CREATE UNIQUE INDEX applications_account_id_scope_key ON applications (account_id, scope)
    WHERE status NOT IN ('approved', 'declined', 'withdrawn', 'expired');
CREATE INDEX applications_status ON applications (status, id);
CREATE INDEX applications_customer ON applications (customer_id, id);
CREATE INDEX applications_deadline ON applications (deadline) WHERE deadline IS NOT NULL;

-- Every step of an application, with what it was about.
CREATE TABLE application_steps (
    id uuid PRIMARY KEY,
    application_id uuid NOT NULL REFERENCES applications (id),
    verb text NOT NULL,
    from_status text,
    to_status text NOT NULL,
    subject text NOT NULL,
    at timestamptz NOT NULL,
    reason text,
    details text
);
CREATE INDEX application_steps_application ON application_steps (application_id, id);

-- What netterms made of an application, by number.
CREATE TABLE application_assessments (
    id uuid PRIMARY KEY,
    application_id uuid NOT NULL REFERENCES applications (id),
    number integer NOT NULL,
    policy_version integer NOT NULL,
    grade text,
    decision text NOT NULL,
    currency text NOT NULL,
    limit_minor bigint,
    net_days integer NOT NULL,
    document text NOT NULL,
    assessed_by text NOT NULL,
    assessed_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX application_assessments_application_id_number_key
    ON application_assessments (application_id, number);
