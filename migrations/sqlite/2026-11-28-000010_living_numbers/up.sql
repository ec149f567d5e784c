-- A number names the living document: of those that were cancelled or reversed, each stands for itself. The first
-- column also finds all documents of a number. And the day on which it was entered that a document counts no more stands
-- beside the day from which; until now they were one.
--
-- SQLite can't drop a constraint: the tables are made anew. What refers to their rows is looked at when all is done, and
-- found by an index, because a table that is dropped is first emptied row by row.
PRAGMA defer_foreign_keys = ON;
CREATE INDEX credit_notes_invoice_of_migration ON credit_notes (invoice_id);
CREATE INDEX dunning_blocks_invoice_of_migration ON dunning_blocks (invoice_id);

CREATE TABLE invoices_of_migration AS SELECT * FROM invoices;
DROP TABLE invoices;
CREATE TABLE invoices (
    id BLOB PRIMARY KEY,
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
    status TEXT NOT NULL CHECK (status IN ('open', 'partially_paid', 'paid', 'cancelled')),
    cancelled_on TEXT,
    cancel_reason TEXT,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    version INTEGER NOT NULL,
    cancel_entered_on TEXT,
    CHECK (open_minor <= amount_minor)
) STRICT;
INSERT INTO invoices (id, number, customer_id, account_id, order_number, reservation_id, invoice_date, due_date,
    currency, amount_minor, open_minor, status, cancelled_on, cancel_reason, created_by, created_at, version,
    cancel_entered_on)
    SELECT id, number, customer_id, account_id, order_number, reservation_id, invoice_date, due_date, currency,
        amount_minor, open_minor, status, cancelled_on, cancel_reason, created_by, created_at, version, cancelled_on
    FROM invoices_of_migration;
DROP TABLE invoices_of_migration;
CREATE UNIQUE INDEX invoices_number_key ON invoices (number,
    (CASE WHEN status = 'cancelled' THEN id ELSE x'00' END));
CREATE INDEX invoices_customer ON invoices (customer_id, id);
CREATE INDEX invoices_open_due ON invoices (due_date, id) WHERE open_minor > 0;
CREATE INDEX invoices_customer_open ON invoices (customer_id, due_date) WHERE open_minor > 0;
CREATE INDEX invoices_date ON invoices (invoice_date, id);
CREATE INDEX invoices_due ON invoices (due_date, id);

CREATE TABLE credit_notes_of_migration AS SELECT * FROM credit_notes;
DROP TABLE credit_notes;
CREATE TABLE credit_notes (
    id BLOB PRIMARY KEY,
    number TEXT NOT NULL,
    customer_id BLOB NOT NULL REFERENCES customers (id),
    account_id BLOB NOT NULL REFERENCES credit_accounts (id),
    invoice_id BLOB REFERENCES invoices (id),
    credit_date TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    unapplied_minor INTEGER NOT NULL CHECK (unapplied_minor >= 0),
    reason TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('posted', 'reversed')),
    reversed_on TEXT,
    reverse_reason TEXT,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    version INTEGER NOT NULL,
    reverse_entered_on TEXT,
    CHECK (unapplied_minor <= amount_minor)
) STRICT;
INSERT INTO credit_notes (id, number, customer_id, account_id, invoice_id, credit_date, currency, amount_minor,
    unapplied_minor, reason, status, reversed_on, reverse_reason, created_by, created_at, version, reverse_entered_on)
    SELECT id, number, customer_id, account_id, invoice_id, credit_date, currency, amount_minor, unapplied_minor,
        reason, status, reversed_on, reverse_reason, created_by, created_at, version, reversed_on
    FROM credit_notes_of_migration;
DROP TABLE credit_notes_of_migration;
CREATE UNIQUE INDEX credit_notes_number_key ON credit_notes (number,
    (CASE WHEN status = 'reversed' THEN id ELSE x'00' END));
CREATE INDEX credit_notes_customer ON credit_notes (customer_id, id);
CREATE INDEX credit_notes_unapplied ON credit_notes (customer_id, credit_date) WHERE unapplied_minor > 0;

CREATE TABLE receipts_of_migration AS SELECT * FROM receipts;
DROP TABLE receipts;
CREATE TABLE receipts (
    id BLOB PRIMARY KEY,
    number TEXT NOT NULL,
    customer_id BLOB NOT NULL REFERENCES customers (id),
    account_id BLOB NOT NULL REFERENCES credit_accounts (id),
    receipt_date TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    unapplied_minor INTEGER NOT NULL CHECK (unapplied_minor >= 0),
    status TEXT NOT NULL CHECK (status IN ('posted', 'reversed')),
    reversed_on TEXT,
    reverse_reason TEXT,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    version INTEGER NOT NULL,
    reverse_entered_on TEXT,
    CHECK (unapplied_minor <= amount_minor)
) STRICT;
INSERT INTO receipts (id, number, customer_id, account_id, receipt_date, currency, amount_minor, unapplied_minor,
    status, reversed_on, reverse_reason, created_by, created_at, version, reverse_entered_on)
    SELECT id, number, customer_id, account_id, receipt_date, currency, amount_minor, unapplied_minor, status,
        reversed_on, reverse_reason, created_by, created_at, version, reversed_on
    FROM receipts_of_migration;
DROP TABLE receipts_of_migration;
CREATE UNIQUE INDEX receipts_number_key ON receipts (number,
    (CASE WHEN status = 'reversed' THEN id ELSE x'00' END));
CREATE INDEX receipts_customer ON receipts (customer_id, id);
CREATE INDEX receipts_unapplied ON receipts (customer_id, receipt_date) WHERE unapplied_minor > 0;
CREATE INDEX receipts_date ON receipts (receipt_date, id);

DROP INDEX dunning_blocks_invoice_of_migration;
