-- What an invoice bills: a sale, or a claimed charge.
ALTER TABLE invoices ADD COLUMN kind text NOT NULL DEFAULT 'sale';

-- What late payment costs: accrued outside the ledger, and claimed as an invoice of its own.
CREATE TABLE charges (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    status text NOT NULL,
    customer_id uuid NOT NULL REFERENCES customers (id),
    account_id uuid NOT NULL REFERENCES credit_accounts (id),
    legal_entity_id uuid NOT NULL REFERENCES legal_entities (id),
    invoice_id uuid NOT NULL REFERENCES invoices (id),
    item_id uuid NOT NULL REFERENCES invoice_items (id),
    currency text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    from_day date NOT NULL,
    to_day date NOT NULL,
    regime text,
    segments text NOT NULL,
    note text,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    claimed_invoice_id uuid REFERENCES invoices (id),
    claimed_on date,
    claimed_by text,
    claim_reference text,
    ended_on date,
    end_reason text,
    version bigint NOT NULL,
    CHECK (from_day <= to_day)
);
-- Of one item one charge of interest runs, and is replaced until it is claimed.
CREATE UNIQUE INDEX charges_item_id_key ON charges (item_id) WHERE kind = 'interest' AND status = 'accrued';
-- The fixed sum is due once for an invoice, also where it was waived.
CREATE UNIQUE INDEX charges_invoice_id_key ON charges (invoice_id) WHERE kind = 'fixed_sum' AND status <> 'cancelled';
CREATE UNIQUE INDEX charges_claimed_invoice_id_key ON charges (claimed_invoice_id) WHERE claimed_invoice_id IS NOT NULL;
CREATE INDEX charges_customer ON charges (customer_id, id);
CREATE INDEX charges_item ON charges (item_id, id);
CREATE INDEX charges_invoice ON charges (invoice_id, id);

-- What was agreed with a customer about paying late, by legal entity; what the law says holds where nothing was.
CREATE TABLE late_interest_terms (
    account_id uuid NOT NULL REFERENCES credit_accounts (id),
    legal_entity_id uuid NOT NULL REFERENCES legal_entities (id),
    yearly_rate text,
    regime text,
    reason text NOT NULL,
    set_by text NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (account_id, legal_entity_id)
);

-- A claimed charge is posted by whoever keeps the general ledger.
ALTER TABLE postings ADD COLUMN charge_id uuid;
CREATE INDEX postings_charge ON postings (charge_id) WHERE charge_id IS NOT NULL;
