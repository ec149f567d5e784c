-- What an invoice bills: a sale, or a claimed charge.
ALTER TABLE invoices ADD COLUMN kind TEXT NOT NULL DEFAULT 'sale';

-- What late payment costs: accrued outside the ledger, and claimed as an invoice of its own.
CREATE TABLE charges (
    id BLOB PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    customer_id BLOB NOT NULL REFERENCES customers (id),
    account_id BLOB NOT NULL REFERENCES credit_accounts (id),
    legal_entity_id BLOB NOT NULL REFERENCES legal_entities (id),
    invoice_id BLOB NOT NULL REFERENCES invoices (id),
    item_id BLOB NOT NULL REFERENCES invoice_items (id),
    currency TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    from_day TEXT NOT NULL,
    to_day TEXT NOT NULL,
    regime TEXT,
    segments TEXT NOT NULL,
    note TEXT,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    claimed_invoice_id BLOB REFERENCES invoices (id),
    claimed_on TEXT,
    claimed_by TEXT,
    claim_reference TEXT,
    ended_on TEXT,
    end_reason TEXT,
    version INTEGER NOT NULL,
    CHECK (from_day <= to_day)
) STRICT;
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
    account_id BLOB NOT NULL REFERENCES credit_accounts (id),
    legal_entity_id BLOB NOT NULL REFERENCES legal_entities (id),
    yearly_rate TEXT,
    regime TEXT,
    reason TEXT NOT NULL,
    set_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    changed_at TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (account_id, legal_entity_id)
) STRICT;

-- A claimed charge is posted by whoever keeps the general ledger.
ALTER TABLE postings ADD COLUMN charge_id BLOB;
CREATE INDEX postings_charge ON postings (charge_id) WHERE charge_id IS NOT NULL;
