-- The organisation's own accounts at banks.
CREATE TABLE bank_accounts (
    id uuid PRIMARY KEY,
    number text NOT NULL,
    currency text NOT NULL,
    name text NOT NULL,
    bank_code text,
    legal_entity_id uuid NOT NULL REFERENCES legal_entities (id),
    closed_on date,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    version bigint NOT NULL
);
CREATE UNIQUE INDEX bank_accounts_number_currency_key ON bank_accounts (number, currency);

-- What a bank says of an account for a while. It never changes.
CREATE TABLE bank_statements (
    id uuid PRIMARY KEY,
    bank_account_id uuid NOT NULL REFERENCES bank_accounts (id),
    format text NOT NULL,
    number text NOT NULL,
    digest text NOT NULL,
    opening_date date,
    closing_date date NOT NULL,
    currency text NOT NULL,
    opening_minor bigint,
    closing_minor bigint,
    credits_minor bigint NOT NULL CHECK (credits_minor >= 0),
    debits_minor bigint NOT NULL CHECK (debits_minor >= 0),
    entries bigint NOT NULL,
    known_entries bigint NOT NULL,
    sent_by text NOT NULL,
    sent_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX bank_statements_bank_account_id_digest_key ON bank_statements (bank_account_id, digest);
CREATE INDEX bank_statements_account ON bank_statements (bank_account_id, closing_date);

-- What moved on an account at a bank, one row for each payment. What came in becomes receipts, each of them once.
CREATE TABLE bank_entries (
    id uuid PRIMARY KEY,
    bank_account_id uuid NOT NULL REFERENCES bank_accounts (id),
    statement_id uuid NOT NULL REFERENCES bank_statements (id),
    legal_entity_id uuid NOT NULL REFERENCES legal_entities (id),
    kind text NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    booking_date date NOT NULL,
    value_date date NOT NULL,
    bank_reference text,
    end_to_end_id text,
    payer_name text,
    payer_account text,
    structured_references text NOT NULL,
    remittance text NOT NULL,
    booking_digest text NOT NULL,
    booking_minor bigint NOT NULL,
    balance_minor bigint,
    status text NOT NULL,
    customer_id uuid REFERENCES customers (id),
    assigned_minor bigint NOT NULL CHECK (assigned_minor >= 0 AND assigned_minor <= amount_minor),
    receipts_made integer NOT NULL,
    decided_by text,
    decided_at timestamptz,
    decision_reason text,
    version bigint NOT NULL
);
CREATE INDEX bank_entries_status ON bank_entries (status, id);
CREATE INDEX bank_entries_statement ON bank_entries (statement_id, id);
CREATE INDEX bank_entries_booking ON bank_entries (bank_account_id, booking_date);
CREATE INDEX bank_entries_customer ON bank_entries (customer_id, id);

-- Which receipts became of an entry: what is reversed is given back to it.
CREATE TABLE bank_entry_receipts (
    receipt_id uuid PRIMARY KEY REFERENCES receipts (id),
    entry_id uuid NOT NULL REFERENCES bank_entries (id),
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    given_back_at timestamptz
);
CREATE INDEX bank_entry_receipts_entry ON bank_entry_receipts (entry_id, receipt_id);

-- Whose money an entry may be, and what it may pay: the best first.
CREATE TABLE match_proposals (
    id uuid PRIMARY KEY,
    entry_id uuid NOT NULL REFERENCES bank_entries (id),
    rank integer NOT NULL,
    confidence_ppm bigint NOT NULL,
    parts text NOT NULL,
    reasons text NOT NULL
);
CREATE UNIQUE INDEX match_proposals_entry_id_rank_key ON match_proposals (entry_id, rank);

-- Accounts from which customers paid before.
CREATE TABLE payer_accounts (
    id uuid PRIMARY KEY,
    number text NOT NULL,
    customer_id uuid NOT NULL REFERENCES customers (id),
    payer_name text,
    entry_id uuid NOT NULL REFERENCES bank_entries (id),
    uses bigint NOT NULL,
    learned_by text NOT NULL,
    learned_at timestamptz NOT NULL,
    used_at timestamptz NOT NULL,
    version bigint NOT NULL
);
CREATE UNIQUE INDEX payer_accounts_number_customer_id_key ON payer_accounts (number, customer_id);
CREATE INDEX payer_accounts_customer ON payer_accounts (customer_id, id);

-- What payers say that a payment is for, before it comes.
CREATE TABLE remittance_advices (
    id uuid PRIMARY KEY,
    number text NOT NULL,
    customer_id uuid NOT NULL REFERENCES customers (id),
    payer_account text,
    currency text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    payment_date date,
    lines text NOT NULL,
    status text NOT NULL,
    entry_id uuid REFERENCES bank_entries (id),
    posted_by text NOT NULL,
    posted_at timestamptz NOT NULL,
    end_reason text,
    version bigint NOT NULL
);
CREATE UNIQUE INDEX remittance_advices_customer_id_number_key ON remittance_advices (customer_id, number);
CREATE INDEX remittance_advices_amount ON remittance_advices (amount_minor, currency);

-- The numbers of invoices as payers write them: without punctuation, blanks and leading zeros, and of that the digits
-- alone.
CREATE TABLE invoice_keys (
    key text NOT NULL,
    invoice_id uuid NOT NULL REFERENCES invoices (id),
    PRIMARY KEY (key, invoice_id)
);
INSERT INTO invoice_keys (key, invoice_id)
SELECT k.key, k.id FROM (
    SELECT id, ltrim(upper(translate(number, ' -/.,:;_#()[]+&''*=!?|\"', '') COLLATE "C"), '0') AS key
    FROM invoices
) k WHERE length(k.key) >= 3 AND k.key ~ '[0-9]';
INSERT INTO invoice_keys (key, invoice_id)
SELECT d.key, d.invoice_id FROM (
    SELECT invoice_id, ltrim(regexp_replace(key, '[^0-9]', '', 'g'), '0') AS key FROM invoice_keys
) d WHERE length(d.key) >= 4
ON CONFLICT DO NOTHING;
