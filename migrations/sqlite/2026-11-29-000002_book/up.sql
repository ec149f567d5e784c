-- Customers and what they owe: who they are, by which policy they are judged, what they may owe and what they do owe.

-- Whom we sell to. A customer may be below another: together they are a group. `search_key` is what a search by name
-- compares; `contacts` are addresses, each with what it is for, as JSON; `in_default_since` is handed down by rating.
CREATE TABLE customers (
    id BLOB PRIMARY KEY NOT NULL,
    number TEXT NOT NULL,
    name TEXT NOT NULL,
    search_key TEXT NOT NULL,
    country TEXT NOT NULL,
    industry TEXT,
    street TEXT,
    city TEXT,
    postal_code TEXT,
    language TEXT NOT NULL,
    owner TEXT,
    parent_customer_id BLOB REFERENCES customers (id),
    created_at TEXT NOT NULL,
    changed_at TEXT NOT NULL,
    version INTEGER NOT NULL,
    legal_status TEXT NOT NULL DEFAULT 'none',
    legal_status_since TEXT,
    contacts TEXT NOT NULL DEFAULT '[]',
    in_default_since TEXT
) STRICT;
CREATE UNIQUE INDEX customers_number_key ON customers (number);
CREATE INDEX customers_owner ON customers (owner, id);
CREATE INDEX customers_parent ON customers (parent_customer_id);
CREATE INDEX customers_name ON customers (name, id);
CREATE INDEX customers_search ON customers (search_key);

-- Who has owned a customer, and until when: none while somebody owns it. Duties are kept apart by whoever owned it of late.
CREATE TABLE customer_owners (
    customer_id BLOB NOT NULL REFERENCES customers (id),
    owner TEXT NOT NULL,
    owned_until TEXT,
    PRIMARY KEY (customer_id, owner)
) STRICT;

-- The policy by version, as JSON: one is live.
CREATE TABLE policies (
    id BLOB PRIMARY KEY NOT NULL,
    policy_version INTEGER NOT NULL,
    status TEXT NOT NULL,
    document TEXT NOT NULL,
    reason TEXT NOT NULL,
    author TEXT NOT NULL,
    drafters TEXT NOT NULL,
    approver TEXT,
    created_at TEXT NOT NULL,
    live_at TEXT,
    retired_at TEXT,
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX policies_policy_version_key ON policies (policy_version);
CREATE UNIQUE INDEX policies_live_key ON policies (status) WHERE status = 'live';

-- Lists that organisations extend, by version: each document has the items with their texts by language.
CREATE TABLE catalogue_versions (
    id BLOB PRIMARY KEY NOT NULL,
    code TEXT NOT NULL,
    catalogue_version INTEGER NOT NULL,
    status TEXT NOT NULL,
    document TEXT NOT NULL,
    reason TEXT NOT NULL,
    author TEXT NOT NULL,
    drafters TEXT NOT NULL,
    approver TEXT,
    created_at TEXT NOT NULL,
    live_at TEXT,
    retired_at TEXT,
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX catalogue_versions_code_catalogue_version_key ON catalogue_versions (code, catalogue_version);
CREATE UNIQUE INDEX catalogue_versions_live_key ON catalogue_versions (code) WHERE status = 'live';

-- What one person proposes and another decides, with the target as it was and as it shall be.
CREATE TABLE change_requests (
    id BLOB PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    target_id TEXT NOT NULL,
    target_number TEXT,
    target_version INTEGER NOT NULL,
    customer_id BLOB REFERENCES customers (id),
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    reason TEXT NOT NULL,
    proposed_by TEXT NOT NULL,
    proposed_at TEXT NOT NULL,
    decided_by TEXT,
    decision_reason TEXT,
    decided_at TEXT,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX change_requests_status ON change_requests (status, id);
CREATE INDEX change_requests_target ON change_requests (target_id, id);
CREATE INDEX change_requests_customer ON change_requests (customer_id, id);

-- Rates are never changed: of several for a day, the newest counts.
CREATE TABLE exchange_rates (
    id BLOB PRIMARY KEY NOT NULL,
    base_currency TEXT NOT NULL,
    quote_currency TEXT NOT NULL,
    rate TEXT NOT NULL,
    rate_date TEXT NOT NULL,
    source TEXT NOT NULL,
    set_by TEXT NOT NULL,
    set_at TEXT NOT NULL,
    CHECK (base_currency <> quote_currency)
) STRICT;
CREATE INDEX exchange_rates_pair ON exchange_rates (base_currency, quote_currency, rate_date DESC, id DESC);
CREATE INDEX exchange_rates_date ON exchange_rates (rate_date, id);

-- What a customer may owe, and what it does: own counters by category, and those of the group whose head it is.
-- `netterms verify` adds them up again.
CREATE TABLE credit_accounts (
    id BLOB PRIMARY KEY NOT NULL,
    customer_id BLOB NOT NULL REFERENCES customers (id),
    currency TEXT NOT NULL,
    status TEXT NOT NULL,
    limit_kind TEXT NOT NULL,
    limit_minor INTEGER NOT NULL CHECK (limit_minor >= 0),
    limit_source TEXT NOT NULL,
    limit_valid_until TEXT,
    net_days INTEGER NOT NULL CHECK (net_days >= 0),
    group_limit_kind TEXT,
    group_limit_minor INTEGER NOT NULL CHECK (group_limit_minor >= 0),
    dunning_procedure_id BLOB,
    segment TEXT,
    exempt_until TEXT,
    reserved_minor INTEGER NOT NULL,
    delivered_minor INTEGER NOT NULL,
    receivable_minor INTEGER NOT NULL,
    instrument_minor INTEGER NOT NULL,
    charge_minor INTEGER NOT NULL,
    unapplied_minor INTEGER NOT NULL,
    group_reserved_minor INTEGER NOT NULL,
    group_delivered_minor INTEGER NOT NULL,
    group_receivable_minor INTEGER NOT NULL,
    group_instrument_minor INTEGER NOT NULL,
    group_charge_minor INTEGER NOT NULL,
    group_unapplied_minor INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    changed_at TEXT NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT credit_accounts_not_negative CHECK (min(
        reserved_minor, delivered_minor, receivable_minor, instrument_minor, charge_minor, unapplied_minor,
        group_reserved_minor, group_delivered_minor, group_receivable_minor, group_instrument_minor, group_charge_minor, group_unapplied_minor
    ) >= 0)
) STRICT;
CREATE UNIQUE INDEX credit_accounts_customer_id_key ON credit_accounts (customer_id);
CREATE INDEX credit_accounts_status ON credit_accounts (status, id);

-- Every limit that an account has had.
CREATE TABLE limits (
    id BLOB PRIMARY KEY NOT NULL,
    account_id BLOB NOT NULL REFERENCES credit_accounts (id),
    scope TEXT NOT NULL,
    limit_kind TEXT NOT NULL,
    limit_minor INTEGER NOT NULL CHECK (limit_minor >= 0),
    currency TEXT NOT NULL,
    net_days INTEGER,
    valid_until TEXT,
    source TEXT NOT NULL,
    application_id BLOB,
    reason TEXT NOT NULL,
    set_by TEXT NOT NULL,
    set_at TEXT NOT NULL
) STRICT;
CREATE INDEX limits_account ON limits (account_id, id);

-- Why an account is closed to orders on credit. One for each cause at a time.
CREATE TABLE account_blocks (
    id BLOB PRIMARY KEY NOT NULL,
    account_id BLOB NOT NULL REFERENCES credit_accounts (id),
    cause TEXT NOT NULL,
    reason TEXT NOT NULL,
    set_at TEXT NOT NULL,
    set_by TEXT NOT NULL,
    lifted_at TEXT,
    lifted_by TEXT
) STRICT;
CREATE UNIQUE INDEX account_blocks_account_id_cause_key ON account_blocks (account_id, cause) WHERE lifted_at IS NULL;

-- Limits beside the limit, for some days, one order, or against security.
CREATE TABLE additional_limits (
    id BLOB PRIMARY KEY NOT NULL,
    account_id BLOB NOT NULL REFERENCES credit_accounts (id),
    scope TEXT NOT NULL,
    kind TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    currency TEXT NOT NULL,
    valid_from TEXT NOT NULL,
    valid_until TEXT NOT NULL,
    order_number TEXT,
    reference TEXT,
    status TEXT NOT NULL,
    reason TEXT NOT NULL,
    granted_by TEXT NOT NULL,
    granted_at TEXT NOT NULL,
    ended_by TEXT,
    ended_at TEXT,
    end_reason TEXT,
    version INTEGER NOT NULL,
    CHECK (valid_until >= valid_from)
) STRICT;
CREATE INDEX additional_limits_account ON additional_limits (account_id, id);
CREATE INDEX additional_limits_standing ON additional_limits (account_id) WHERE status IN ('active', 'consumed');

-- What all customers of a segment, salesperson, country or industry, or of the company, may owe together.
CREATE TABLE portfolio_caps (
    id BLOB PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    currency TEXT NOT NULL,
    limit_minor INTEGER NOT NULL CHECK (limit_minor >= 0),
    reason TEXT NOT NULL,
    set_by TEXT NOT NULL,
    set_at TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX portfolio_caps_kind_key_key ON portfolio_caps (kind, key);

-- What they do owe, by currency.
CREATE TABLE portfolio_exposures (
    cap_id BLOB NOT NULL REFERENCES portfolio_caps (id),
    currency TEXT NOT NULL,
    reserved_minor INTEGER NOT NULL CHECK (reserved_minor >= 0),
    delivered_minor INTEGER NOT NULL CHECK (delivered_minor >= 0),
    receivable_minor INTEGER NOT NULL CHECK (receivable_minor >= 0),
    instrument_minor INTEGER NOT NULL CHECK (instrument_minor >= 0),
    charge_minor INTEGER NOT NULL CHECK (charge_minor >= 0),
    unapplied_minor INTEGER NOT NULL CHECK (unapplied_minor >= 0),
    PRIMARY KEY (cap_id, currency)
) STRICT;

-- What other systems know of open orders, deliveries, instruments and claimed charges. What counts is what was stated
-- less what invoices took of that.
CREATE TABLE exposure_entries (
    id BLOB PRIMARY KEY NOT NULL,
    account_id BLOB NOT NULL REFERENCES credit_accounts (id),
    category TEXT NOT NULL,
    number TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor >= 0),
    entry_date TEXT NOT NULL,
    set_by TEXT NOT NULL,
    set_at TEXT NOT NULL,
    version INTEGER NOT NULL,
    order_number TEXT,
    stated_minor INTEGER NOT NULL DEFAULT 0,
    billed_minor INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX exposure_entries_account_id_category_number_key
    ON exposure_entries (account_id, category, number);
CREATE INDEX exposure_entries_order ON exposure_entries (account_id, order_number);

-- Capacity that orders hold of a limit. Written by the credit desk thousands of times a second, under the lock of the
-- account that it names: no reference is checked again for each row here and in limit_checks; `netterms verify` does. A
-- reservation has the id of the check that made it, by which those of a customer are found.
CREATE TABLE reservations (
    id BLOB PRIMARY KEY NOT NULL,
    account_id BLOB NOT NULL,
    customer_id BLOB NOT NULL,
    order_number TEXT NOT NULL,
    purpose TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    captured_minor INTEGER NOT NULL DEFAULT 0 CHECK (captured_minor >= 0),
    status TEXT NOT NULL DEFAULT 'active',
    expires_at TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    ended_at TEXT,
    end_reason TEXT,
    version INTEGER NOT NULL DEFAULT 1
) STRICT, WITHOUT ROWID;
-- One open reservation for each order and purpose; of those that ended, each stands for itself.
CREATE UNIQUE INDEX reservations_order_number_customer_id_purpose_key ON reservations (order_number, customer_id, purpose,
    (CASE WHEN status IN ('active', 'partially_captured') THEN x'00' ELSE id END));
CREATE INDEX reservations_expiry ON reservations (expires_at) WHERE ended_at IS NULL;

-- What customers owe. `open_minor` is the amount less its settlements; `order_excess_minor` is by how much it passed
-- what its order had left.
CREATE TABLE invoices (
    id BLOB PRIMARY KEY NOT NULL,
    number TEXT NOT NULL,
    customer_id BLOB NOT NULL REFERENCES customers (id),
    account_id BLOB NOT NULL REFERENCES credit_accounts (id),
    order_number TEXT,
    reservation_id BLOB REFERENCES reservations (id),
    invoice_date TEXT NOT NULL,
    due_date TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    open_minor INTEGER NOT NULL CHECK (open_minor >= 0),
    status TEXT NOT NULL,
    cancelled_on TEXT,
    cancel_reason TEXT,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    version INTEGER NOT NULL,
    cancel_entered_on TEXT,
    order_excess_minor INTEGER,
    CHECK (open_minor <= amount_minor)
) STRICT;
-- A number names the living document: of those that were cancelled, each stands for itself. The first column also finds
-- all documents of a number.
CREATE UNIQUE INDEX invoices_number_key ON invoices (number,
    (CASE WHEN status = 'cancelled' THEN id ELSE x'00' END));
CREATE INDEX invoices_customer ON invoices (customer_id, id);
CREATE INDEX invoices_open_due ON invoices (due_date, id) WHERE open_minor > 0;
CREATE INDEX invoices_customer_open ON invoices (customer_id, due_date) WHERE open_minor > 0;
CREATE INDEX invoices_date ON invoices (invoice_date, id);
CREATE INDEX invoices_due ON invoices (due_date, id);

-- What an invoice is for, what it took of the order's deliveries, and what deliveries that came later are for it.
CREATE TABLE order_invoices (
    invoice_id BLOB PRIMARY KEY NOT NULL REFERENCES invoices (id),
    account_id BLOB NOT NULL REFERENCES credit_accounts (id),
    order_number TEXT NOT NULL,
    reservation_id BLOB,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    delivered_minor INTEGER NOT NULL CHECK (delivered_minor >= 0),
    matched_minor INTEGER NOT NULL CHECK (matched_minor >= 0),
    excess_minor INTEGER NOT NULL CHECK (excess_minor >= 0),
    restored_at TEXT
) STRICT;
CREATE INDEX order_invoices_order ON order_invoices (account_id, order_number);

-- What each invoice and each delivery took of a reservation.
CREATE TABLE reservation_captures (
    reservation_id BLOB NOT NULL,
    document_id BLOB NOT NULL,
    captured_minor INTEGER NOT NULL CHECK (captured_minor >= 0),
    PRIMARY KEY (reservation_id, document_id)
) STRICT;

-- What is taken off what customers owe, with or without an invoice.
CREATE TABLE credit_notes (
    id BLOB PRIMARY KEY NOT NULL,
    number TEXT NOT NULL,
    customer_id BLOB NOT NULL REFERENCES customers (id),
    account_id BLOB NOT NULL REFERENCES credit_accounts (id),
    invoice_id BLOB REFERENCES invoices (id),
    credit_date TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    unapplied_minor INTEGER NOT NULL CHECK (unapplied_minor >= 0),
    reason TEXT NOT NULL,
    status TEXT NOT NULL,
    reversed_on TEXT,
    reverse_reason TEXT,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    version INTEGER NOT NULL,
    reverse_entered_on TEXT,
    CHECK (unapplied_minor <= amount_minor)
) STRICT;
CREATE UNIQUE INDEX credit_notes_number_key ON credit_notes (number,
    (CASE WHEN status = 'reversed' THEN id ELSE x'00' END));
CREATE INDEX credit_notes_customer ON credit_notes (customer_id, id);
CREATE INDEX credit_notes_unapplied ON credit_notes (customer_id, credit_date) WHERE unapplied_minor > 0;

-- Money that came in.
CREATE TABLE receipts (
    id BLOB PRIMARY KEY NOT NULL,
    number TEXT NOT NULL,
    customer_id BLOB NOT NULL REFERENCES customers (id),
    account_id BLOB NOT NULL REFERENCES credit_accounts (id),
    receipt_date TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    unapplied_minor INTEGER NOT NULL CHECK (unapplied_minor >= 0),
    status TEXT NOT NULL,
    reversed_on TEXT,
    reverse_reason TEXT,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    version INTEGER NOT NULL,
    reverse_entered_on TEXT,
    CHECK (unapplied_minor <= amount_minor)
) STRICT;
CREATE UNIQUE INDEX receipts_number_key ON receipts (number,
    (CASE WHEN status = 'reversed' THEN id ELSE x'00' END));
CREATE INDEX receipts_customer ON receipts (customer_id, id);
CREATE INDEX receipts_unapplied ON receipts (customer_id, receipt_date) WHERE unapplied_minor > 0;
CREATE INDEX receipts_date ON receipts (receipt_date, id);

-- What receipts and credit notes settle of invoices, from a day on. A reversal is another row, below zero.
CREATE TABLE settlements (
    id BLOB PRIMARY KEY NOT NULL,
    invoice_id BLOB NOT NULL REFERENCES invoices (id),
    customer_id BLOB NOT NULL REFERENCES customers (id),
    receipt_id BLOB REFERENCES receipts (id),
    credit_note_id BLOB REFERENCES credit_notes (id),
    amount_minor INTEGER NOT NULL CHECK (amount_minor <> 0),
    effective_on TEXT NOT NULL,
    reverses_id BLOB REFERENCES settlements (id),
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;
CREATE INDEX settlements_invoice ON settlements (invoice_id, effective_on);
CREATE INDEX settlements_receipt ON settlements (receipt_id);
CREATE INDEX settlements_credit_note ON settlements (credit_note_id);
