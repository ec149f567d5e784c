-- Customers and what they owe: who they are, by which policy they are judged, what they may owe and what they do owe.

-- Whom we sell to. A customer may be below another: together they are a group. `search_key` is what a search by name
-- compares; `contacts` are addresses, each with what it is for, as JSON; `in_default_since` is handed down by rating.
CREATE TABLE customers (
    id uuid PRIMARY KEY,
    number text NOT NULL,
    name text NOT NULL,
    search_key text NOT NULL,
    country text NOT NULL,
    industry text,
    street text,
    city text,
    postal_code text,
    language text NOT NULL,
    owner text,
    parent_customer_id uuid REFERENCES customers (id),
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    version bigint NOT NULL,
    legal_status text NOT NULL DEFAULT 'none',
    legal_status_since date,
    contacts text NOT NULL DEFAULT '[]',
    in_default_since date
);
CREATE UNIQUE INDEX customers_number_key ON customers (number);
CREATE INDEX customers_owner ON customers (owner, id);
CREATE INDEX customers_parent ON customers (parent_customer_id);
CREATE INDEX customers_name ON customers (name, id);
CREATE INDEX customers_search ON customers (search_key);

-- Who has owned a customer, and until when: none while somebody owns it. Duties are kept apart by whoever owned it of late.
CREATE TABLE customer_owners (
    customer_id uuid NOT NULL REFERENCES customers (id),
    owner text NOT NULL,
    owned_until timestamptz,
    PRIMARY KEY (customer_id, owner)
);

-- The policy by version, as JSON: one is live.
CREATE TABLE policies (
    id uuid PRIMARY KEY,
    policy_version integer NOT NULL,
    status text NOT NULL,
    document text NOT NULL,
    reason text NOT NULL,
    author text NOT NULL,
    drafters text NOT NULL,
    approver text,
    created_at timestamptz NOT NULL,
    live_at timestamptz,
    retired_at timestamptz,
    version bigint NOT NULL
);
CREATE UNIQUE INDEX policies_policy_version_key ON policies (policy_version);
CREATE UNIQUE INDEX policies_live_key ON policies (status) WHERE status = 'live';

-- Lists that organisations extend, by version: each document has the items with their texts by language.
CREATE TABLE catalogue_versions (
    id uuid PRIMARY KEY,
    code text NOT NULL,
    catalogue_version integer NOT NULL,
    status text NOT NULL,
    document text NOT NULL,
    reason text NOT NULL,
    author text NOT NULL,
    drafters text NOT NULL,
    approver text,
    created_at timestamptz NOT NULL,
    live_at timestamptz,
    retired_at timestamptz,
    version bigint NOT NULL
);
CREATE UNIQUE INDEX catalogue_versions_code_catalogue_version_key ON catalogue_versions (code, catalogue_version);
CREATE UNIQUE INDEX catalogue_versions_live_key ON catalogue_versions (code) WHERE status = 'live';

-- What one person proposes and another decides, with the target as it was and as it shall be.
CREATE TABLE change_requests (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    status text NOT NULL,
    target_id text NOT NULL,
    target_number text,
    target_version bigint NOT NULL,
    customer_id uuid REFERENCES customers (id),
    before text NOT NULL,
    after text NOT NULL,
    reason text NOT NULL,
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL,
    decided_by text,
    decision_reason text,
    decided_at timestamptz,
    version bigint NOT NULL
);
CREATE INDEX change_requests_status ON change_requests (status, id);
CREATE INDEX change_requests_target ON change_requests (target_id, id);
CREATE INDEX change_requests_customer ON change_requests (customer_id, id);

-- Rates are never changed: of several for a day, the newest counts.
CREATE TABLE exchange_rates (
    id uuid PRIMARY KEY,
    base_currency text NOT NULL,
    quote_currency text NOT NULL,
    rate text NOT NULL,
    rate_date date NOT NULL,
    source text NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL,
    CHECK (base_currency <> quote_currency)
);
CREATE INDEX exchange_rates_pair ON exchange_rates (base_currency, quote_currency, rate_date DESC, id DESC);
CREATE INDEX exchange_rates_date ON exchange_rates (rate_date, id);

CREATE DOMAIN days AS integer CHECK (VALUE >= 0);

-- What a customer may owe, and what it does: own counters by category, and those of the group whose head it is.
-- `netterms verify` adds them up again.
CREATE TABLE credit_accounts (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customers (id),
    currency text NOT NULL,
    status text NOT NULL,
    limit_kind text NOT NULL,
    limit_minor minor NOT NULL,
    limit_source text NOT NULL,
    limit_valid_until date,
    net_days days NOT NULL,
    group_limit_kind text,
    group_limit_minor minor NOT NULL,
    dunning_procedure_id uuid,
    segment text,
    exempt_until date,
    reserved_minor minor NOT NULL,
    delivered_minor minor NOT NULL,
    receivable_minor minor NOT NULL,
    instrument_minor minor NOT NULL,
    charge_minor minor NOT NULL,
    unapplied_minor minor NOT NULL,
    group_reserved_minor minor NOT NULL,
    group_delivered_minor minor NOT NULL,
    group_receivable_minor minor NOT NULL,
    group_instrument_minor minor NOT NULL,
    group_charge_minor minor NOT NULL,
    group_unapplied_minor minor NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    version bigint NOT NULL
-- Counters move all the time: with room on its page a row is changed in place, and no index hears of it.
) WITH (fillfactor = 60);
CREATE UNIQUE INDEX credit_accounts_customer_id_key ON credit_accounts (customer_id);
CREATE INDEX credit_accounts_status ON credit_accounts (status, id);

-- Every limit that an account has had.
CREATE TABLE limits (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES credit_accounts (id),
    scope text NOT NULL,
    limit_kind text NOT NULL,
    limit_minor bigint NOT NULL CHECK (limit_minor >= 0),
    currency text NOT NULL,
    net_days integer,
    valid_until date,
    source text NOT NULL,
    application_id uuid,
    reason text NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL
);
CREATE INDEX limits_account ON limits (account_id, id);

-- Why an account is closed to orders on credit. One for each cause at a time.
CREATE TABLE account_blocks (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES credit_accounts (id),
    cause text NOT NULL,
    reason text NOT NULL,
    set_at timestamptz NOT NULL,
    set_by text NOT NULL,
    lifted_at timestamptz,
    lifted_by text
);
CREATE UNIQUE INDEX account_blocks_account_id_cause_key ON account_blocks (account_id, cause) WHERE lifted_at IS NULL;

-- Limits beside the limit, for some days, one order, or against security.
CREATE TABLE additional_limits (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES credit_accounts (id),
    scope text NOT NULL,
    kind text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency text NOT NULL,
    valid_from date NOT NULL,
    valid_until date NOT NULL,
    order_number text,
    reference text,
    status text NOT NULL,
    reason text NOT NULL,
    granted_by text NOT NULL,
    granted_at timestamptz NOT NULL,
    ended_by text,
    ended_at timestamptz,
    end_reason text,
    version bigint NOT NULL,
    CHECK (valid_until >= valid_from)
);
CREATE INDEX additional_limits_account ON additional_limits (account_id, id);
CREATE INDEX additional_limits_standing ON additional_limits (account_id) WHERE status IN ('active', 'consumed');

-- What all customers of a segment, salesperson, country or industry, or of the company, may owe together.
CREATE TABLE portfolio_caps (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    key text NOT NULL,
    currency text NOT NULL,
    limit_minor bigint NOT NULL CHECK (limit_minor >= 0),
    reason text NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL,
    version bigint NOT NULL
);
CREATE UNIQUE INDEX portfolio_caps_kind_key_key ON portfolio_caps (kind, key);

-- What they do owe, by currency.
CREATE TABLE portfolio_exposures (
    cap_id uuid NOT NULL REFERENCES portfolio_caps (id),
    currency text NOT NULL,
    reserved_minor bigint NOT NULL CHECK (reserved_minor >= 0),
    delivered_minor bigint NOT NULL CHECK (delivered_minor >= 0),
    receivable_minor bigint NOT NULL CHECK (receivable_minor >= 0),
    instrument_minor bigint NOT NULL CHECK (instrument_minor >= 0),
    charge_minor bigint NOT NULL CHECK (charge_minor >= 0),
    unapplied_minor bigint NOT NULL CHECK (unapplied_minor >= 0),
    PRIMARY KEY (cap_id, currency)
);

-- What other systems know of open orders, deliveries, instruments and claimed charges. What counts is what was stated
-- less what invoices took of that.
CREATE TABLE exposure_entries (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES credit_accounts (id),
    category text NOT NULL,
    number text NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor >= 0),
    entry_date date NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL,
    version bigint NOT NULL,
    order_number text,
    stated_minor bigint NOT NULL DEFAULT 0,
    billed_minor bigint NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX exposure_entries_account_id_category_number_key
    ON exposure_entries (account_id, category, number);
CREATE INDEX exposure_entries_order ON exposure_entries (account_id, order_number);

-- Capacity that orders hold of a limit. Written by the credit desk thousands of times a second, under the lock of the
-- account that it names: no reference is checked again for each row here and in limit_checks; `netterms verify` does. A
-- reservation has the id of the check that made it, by which those of a customer are found.
CREATE TABLE reservations (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    order_number text COLLATE "C" NOT NULL,
    purpose text COLLATE "C" NOT NULL,
    currency text NOT NULL,
    amount_minor positive_minor NOT NULL,
    captured_minor minor NOT NULL DEFAULT 0,
    status text NOT NULL DEFAULT 'active',
    expires_at timestamptz NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    ended_at timestamptz,
    end_reason text,
    version bigint NOT NULL DEFAULT 1
);
-- One open reservation for each order and purpose; of those that ended, each stands for itself.
CREATE UNIQUE INDEX reservations_order_number_customer_id_purpose_key ON reservations (order_number, customer_id, purpose,
    (CASE WHEN status IN ('active', 'partially_captured') THEN '00000000-0000-0000-0000-000000000000' ELSE id END));
CREATE INDEX reservations_expiry ON reservations (expires_at) WHERE ended_at IS NULL;

-- What customers owe. `open_minor` is the amount less its settlements; `order_excess_minor` is by how much it passed
-- what its order had left.
CREATE TABLE invoices (
    id uuid PRIMARY KEY,
    number text NOT NULL,
    customer_id uuid NOT NULL REFERENCES customers (id),
    account_id uuid NOT NULL REFERENCES credit_accounts (id),
    order_number text,
    reservation_id uuid REFERENCES reservations (id),
    invoice_date date NOT NULL,
    due_date date NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    open_minor bigint NOT NULL CHECK (open_minor >= 0),
    status text NOT NULL,
    cancelled_on date,
    cancel_reason text,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    version bigint NOT NULL,
    cancel_entered_on date,
    order_excess_minor bigint,
    CHECK (open_minor <= amount_minor)
);
CREATE INDEX invoices_customer ON invoices (customer_id, id);
CREATE INDEX invoices_open_due ON invoices (due_date, id) WHERE open_minor > 0;
CREATE INDEX invoices_customer_open ON invoices (customer_id, due_date) WHERE open_minor > 0;
CREATE INDEX invoices_date ON invoices (invoice_date, id);
CREATE INDEX invoices_due ON invoices (due_date, id);
-- A number names the living document: of those that were cancelled, each stands for itself. The first column also finds
-- all documents of a number.
CREATE UNIQUE INDEX invoices_number_key ON invoices (number,
    (CASE WHEN status = 'cancelled' THEN id ELSE '00000000-0000-0000-0000-000000000000' END));

-- What an invoice is for, what it took of the order's deliveries, and what deliveries that came later are for it.
CREATE TABLE order_invoices (
    invoice_id uuid PRIMARY KEY REFERENCES invoices (id),
    account_id uuid NOT NULL REFERENCES credit_accounts (id),
    order_number text NOT NULL,
    reservation_id uuid,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    delivered_minor bigint NOT NULL CHECK (delivered_minor >= 0),
    matched_minor bigint NOT NULL CHECK (matched_minor >= 0),
    excess_minor bigint NOT NULL CHECK (excess_minor >= 0),
    restored_at timestamptz
);
CREATE INDEX order_invoices_order ON order_invoices (account_id, order_number);

-- What each invoice and each delivery took of a reservation.
CREATE TABLE reservation_captures (
    reservation_id uuid NOT NULL,
    document_id uuid NOT NULL,
    captured_minor bigint NOT NULL CHECK (captured_minor >= 0),
    PRIMARY KEY (reservation_id, document_id)
);

-- What is taken off what customers owe, with or without an invoice.
CREATE TABLE credit_notes (
    id uuid PRIMARY KEY,
    number text NOT NULL,
    customer_id uuid NOT NULL REFERENCES customers (id),
    account_id uuid NOT NULL REFERENCES credit_accounts (id),
    invoice_id uuid REFERENCES invoices (id),
    credit_date date NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    unapplied_minor bigint NOT NULL CHECK (unapplied_minor >= 0),
    reason text NOT NULL,
    status text NOT NULL,
    reversed_on date,
    reverse_reason text,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    version bigint NOT NULL,
    reverse_entered_on date,
    CHECK (unapplied_minor <= amount_minor)
);
CREATE INDEX credit_notes_customer ON credit_notes (customer_id, id);
CREATE INDEX credit_notes_unapplied ON credit_notes (customer_id, credit_date) WHERE unapplied_minor > 0;
CREATE UNIQUE INDEX credit_notes_number_key ON credit_notes (number,
    (CASE WHEN status = 'reversed' THEN id ELSE '00000000-0000-0000-0000-000000000000' END));

-- Money that came in.
CREATE TABLE receipts (
    id uuid PRIMARY KEY,
    number text NOT NULL,
    customer_id uuid NOT NULL REFERENCES customers (id),
    account_id uuid NOT NULL REFERENCES credit_accounts (id),
    receipt_date date NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    unapplied_minor bigint NOT NULL CHECK (unapplied_minor >= 0),
    status text NOT NULL,
    reversed_on date,
    reverse_reason text,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    version bigint NOT NULL,
    reverse_entered_on date,
    CHECK (unapplied_minor <= amount_minor)
);
CREATE INDEX receipts_customer ON receipts (customer_id, id);
CREATE INDEX receipts_unapplied ON receipts (customer_id, receipt_date) WHERE unapplied_minor > 0;
CREATE INDEX receipts_date ON receipts (receipt_date, id);
CREATE UNIQUE INDEX receipts_number_key ON receipts (number,
    (CASE WHEN status = 'reversed' THEN id ELSE '00000000-0000-0000-0000-000000000000' END));

-- What receipts and credit notes settle of invoices, from a day on. A reversal is another row, below zero.
CREATE TABLE settlements (
    id uuid PRIMARY KEY,
    invoice_id uuid NOT NULL REFERENCES invoices (id),
    customer_id uuid NOT NULL REFERENCES customers (id),
    receipt_id uuid REFERENCES receipts (id),
    credit_note_id uuid REFERENCES credit_notes (id),
    amount_minor bigint NOT NULL CHECK (amount_minor <> 0),
    effective_on date NOT NULL,
    reverses_id uuid REFERENCES settlements (id),
    created_by text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX settlements_invoice ON settlements (invoice_id, effective_on);
CREATE INDEX settlements_receipt ON settlements (receipt_id);
CREATE INDEX settlements_credit_note ON settlements (credit_note_id);

-- What the credit desk asks when it writes what it decided without locks: that as many accounts are as they were as it
-- decided on, that no cap was set up, and that the policy still is the live one. In a function of its own it sees what was
-- committed while the statement waited for others.
CREATE FUNCTION credit_desk_is_right(unchanged bigint, decided_on bigint, policy uuid) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF unchanged <> decided_on OR EXISTS (SELECT 1 FROM portfolio_caps)
        OR policy IS DISTINCT FROM (SELECT id FROM policies WHERE status = 'live') THEN
        RAISE EXCEPTION 'an account was changed meanwhile' USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN true;
END
$$;
-- What the desk knows besides an account's row changes that row's mark (xmin), so that the desk sees that it is no more so:
-- who the customer is, blocks and limits here; invoices move exposure anyway.
CREATE FUNCTION mark_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE credit_accounts SET version = version WHERE id = NEW.account_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER account_blocks_mark AFTER INSERT OR UPDATE ON account_blocks
    FOR EACH ROW EXECUTE FUNCTION mark_account();
CREATE TRIGGER additional_limits_mark AFTER INSERT OR UPDATE ON additional_limits
    FOR EACH ROW EXECUTE FUNCTION mark_account();
CREATE FUNCTION mark_account_of_customer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE credit_accounts SET version = version WHERE customer_id = NEW.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER customers_mark AFTER UPDATE ON customers FOR EACH ROW
    WHEN ((OLD.number, OLD.parent_customer_id, OLD.owner) IS DISTINCT FROM (NEW.number, NEW.parent_customer_id, NEW.owner))
    EXECUTE FUNCTION mark_account_of_customer();
