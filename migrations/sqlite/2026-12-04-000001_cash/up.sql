-- The organisation's own accounts at banks.
CREATE TABLE bank_accounts (
    id BLOB PRIMARY KEY NOT NULL,
    number TEXT NOT NULL,
    currency TEXT NOT NULL,
    name TEXT NOT NULL,
    bank_code TEXT,
    legal_entity_id BLOB NOT NULL REFERENCES legal_entities (id),
    closed_on TEXT,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX bank_accounts_number_currency_key ON bank_accounts (number, currency);

-- What a bank says of an account for a while. It never changes.
CREATE TABLE bank_statements (
    id BLOB PRIMARY KEY NOT NULL,
    bank_account_id BLOB NOT NULL REFERENCES bank_accounts (id),
    format TEXT NOT NULL,
    number TEXT NOT NULL,
    digest TEXT NOT NULL,
    opening_date TEXT,
    closing_date TEXT NOT NULL,
    currency TEXT NOT NULL,
    opening_minor INTEGER,
    closing_minor INTEGER,
    credits_minor INTEGER NOT NULL CHECK (credits_minor >= 0),
    debits_minor INTEGER NOT NULL CHECK (debits_minor >= 0),
    entries INTEGER NOT NULL,
    known_entries INTEGER NOT NULL,
    sent_by TEXT NOT NULL,
    sent_at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX bank_statements_bank_account_id_digest_key ON bank_statements (bank_account_id, digest);
CREATE INDEX bank_statements_account ON bank_statements (bank_account_id, closing_date);

-- What moved on an account at a bank, one row for each payment. What came in becomes receipts, each of them once.
CREATE TABLE bank_entries (
    id BLOB PRIMARY KEY NOT NULL,
    bank_account_id BLOB NOT NULL REFERENCES bank_accounts (id),
    statement_id BLOB NOT NULL REFERENCES bank_statements (id),
    legal_entity_id BLOB NOT NULL REFERENCES legal_entities (id),
    kind TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    booking_date TEXT NOT NULL,
    value_date TEXT NOT NULL,
    bank_reference TEXT,
    end_to_end_id TEXT,
    payer_name TEXT,
    payer_account TEXT,
    structured_references TEXT NOT NULL,
    remittance TEXT NOT NULL,
    booking_digest TEXT NOT NULL,
    booking_minor INTEGER NOT NULL,
    balance_minor INTEGER,
    status TEXT NOT NULL,
    customer_id BLOB REFERENCES customers (id),
    assigned_minor INTEGER NOT NULL CHECK (assigned_minor >= 0 AND assigned_minor <= amount_minor),
    receipts_made INTEGER NOT NULL,
    decided_by TEXT,
    decided_at TEXT,
    decision_reason TEXT,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX bank_entries_status ON bank_entries (status, id);
CREATE INDEX bank_entries_statement ON bank_entries (statement_id, id);
CREATE INDEX bank_entries_booking ON bank_entries (bank_account_id, booking_date);
CREATE INDEX bank_entries_customer ON bank_entries (customer_id, id);

-- Which receipts became of an entry: what is reversed is given back to it.
CREATE TABLE bank_entry_receipts (
    receipt_id BLOB PRIMARY KEY NOT NULL REFERENCES receipts (id),
    entry_id BLOB NOT NULL REFERENCES bank_entries (id),
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    given_back_at TEXT
) STRICT;
CREATE INDEX bank_entry_receipts_entry ON bank_entry_receipts (entry_id, receipt_id);

-- Whose money an entry may be, and what it may pay: the best first.
CREATE TABLE match_proposals (
    id BLOB PRIMARY KEY NOT NULL,
    entry_id BLOB NOT NULL REFERENCES bank_entries (id),
    rank INTEGER NOT NULL,
    confidence_ppm INTEGER NOT NULL,
    parts TEXT NOT NULL,
    reasons TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX match_proposals_entry_id_rank_key ON match_proposals (entry_id, rank);

-- Accounts from which customers paid before.
CREATE TABLE payer_accounts (
    id BLOB PRIMARY KEY NOT NULL,
    number TEXT NOT NULL,
    customer_id BLOB NOT NULL REFERENCES customers (id),
    payer_name TEXT,
    entry_id BLOB NOT NULL REFERENCES bank_entries (id),
    uses INTEGER NOT NULL,
    learned_by TEXT NOT NULL,
    learned_at TEXT NOT NULL,
    used_at TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX payer_accounts_number_customer_id_key ON payer_accounts (number, customer_id);
CREATE INDEX payer_accounts_customer ON payer_accounts (customer_id, id);

-- What payers say that a payment is for, before it comes.
CREATE TABLE remittance_advices (
    id BLOB PRIMARY KEY NOT NULL,
    number TEXT NOT NULL,
    customer_id BLOB NOT NULL REFERENCES customers (id),
    payer_account TEXT,
    currency TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    payment_date TEXT,
    lines TEXT NOT NULL,
    status TEXT NOT NULL,
    entry_id BLOB REFERENCES bank_entries (id),
    posted_by TEXT NOT NULL,
    posted_at TEXT NOT NULL,
    end_reason TEXT,
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX remittance_advices_customer_id_number_key ON remittance_advices (customer_id, number);
CREATE INDEX remittance_advices_amount ON remittance_advices (amount_minor, currency);

-- The numbers of invoices as payers write them: without punctuation, blanks and leading zeros, and of that the digits
-- alone.
CREATE TABLE invoice_keys (
    key TEXT NOT NULL,
    invoice_id BLOB NOT NULL REFERENCES invoices (id),
    PRIMARY KEY (key, invoice_id)
) STRICT;
CREATE TABLE cash_scratch (key TEXT NOT NULL, invoice_id BLOB NOT NULL) STRICT;
INSERT INTO cash_scratch (key, invoice_id) SELECT number, id FROM invoices;
UPDATE cash_scratch SET key = replace(replace(replace(replace(replace(replace(replace(replace(key, ' ', ''), '-', ''), '/', ''), '.', ''), ',', ''), ':', ''), ';', ''), '_', '');
UPDATE cash_scratch SET key = replace(replace(replace(replace(replace(replace(replace(replace(key, '#', ''), '(', ''), ')', ''), '[', ''), ']', ''), '+', ''), '&', ''), '''', '');
UPDATE cash_scratch SET key = replace(replace(replace(replace(replace(replace(replace(key, '*', ''), '=', ''), '!', ''), '?', ''), '|', ''), '\', ''), '"', '');
UPDATE cash_scratch SET key = ltrim(upper(key), '0');
INSERT INTO invoice_keys (key, invoice_id)
SELECT key, invoice_id FROM cash_scratch WHERE length(key) >= 3 AND key GLOB '*[0-9]*';
UPDATE cash_scratch SET key = replace(replace(replace(replace(replace(replace(replace(replace(replace(key, 'A', ''), 'B', ''), 'C', ''), 'D', ''), 'E', ''), 'F', ''), 'G', ''), 'H', ''), 'I', '');
UPDATE cash_scratch SET key = replace(replace(replace(replace(replace(replace(replace(replace(replace(key, 'J', ''), 'K', ''), 'L', ''), 'M', ''), 'N', ''), 'O', ''), 'P', ''), 'Q', ''), 'R', '');
UPDATE cash_scratch SET key = replace(replace(replace(replace(replace(replace(replace(replace(key, 'S', ''), 'T', ''), 'U', ''), 'V', ''), 'W', ''), 'X', ''), 'Y', ''), 'Z', '');
INSERT INTO invoice_keys (key, invoice_id)
SELECT ltrim(key, '0'), invoice_id FROM cash_scratch
WHERE length(ltrim(key, '0')) >= 4 AND key NOT GLOB '*[^0-9]*'
ON CONFLICT DO NOTHING;
DROP TABLE cash_scratch;
