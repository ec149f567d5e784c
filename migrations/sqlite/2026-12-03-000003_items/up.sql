-- What is open is an item: an invoice has one, or one for each instalment. The first has the id of its invoice.
CREATE TABLE invoice_items (
    id BLOB PRIMARY KEY NOT NULL,
    invoice_id BLOB NOT NULL REFERENCES invoices (id),
    customer_id BLOB NOT NULL REFERENCES customers (id),
    position INTEGER NOT NULL CHECK (position > 0),
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    open_minor INTEGER NOT NULL CHECK (open_minor >= 0),
    due_date TEXT NOT NULL,
    original_due_date TEXT NOT NULL,
    discounts TEXT NOT NULL,
    open_reason TEXT,
    version INTEGER NOT NULL,
    CHECK (open_minor <= amount_minor)
) STRICT;
INSERT INTO invoice_items (
    id, invoice_id, customer_id, position, amount_minor, open_minor, due_date, original_due_date, discounts, version
)
SELECT id, id, customer_id, 1, amount_minor, open_minor, due_date, due_date, '[]', 1 FROM invoices;
CREATE UNIQUE INDEX invoice_items_invoice_id_position_key ON invoice_items (invoice_id, position);
CREATE INDEX invoice_items_open_due ON invoice_items (due_date, id) WHERE open_minor > 0;
CREATE INDEX invoice_items_customer_open ON invoice_items (customer_id, due_date) WHERE open_minor > 0;
CREATE INDEX invoice_items_due ON invoice_items (due_date, id);
DROP INDEX invoices_open_due;
DROP INDEX invoices_customer_open;

-- What else an invoice says, and what it was worth in the books of its legal entity when it was posted.
ALTER TABLE invoices ADD COLUMN net_minor INTEGER;
ALTER TABLE invoices ADD COLUMN tax_minor INTEGER;
ALTER TABLE invoices ADD COLUMN posting_date TEXT;
ALTER TABLE invoices ADD COLUMN baseline_date TEXT;
ALTER TABLE invoices ADD COLUMN customer_order_number TEXT;
ALTER TABLE invoices ADD COLUMN labels TEXT;
ALTER TABLE invoices ADD COLUMN payment_terms TEXT;
ALTER TABLE invoices ADD COLUMN booking_minor INTEGER;
ALTER TABLE invoices ADD COLUMN booking_currency TEXT;
ALTER TABLE invoices ADD COLUMN booking_rate TEXT;

-- Who paid, where that is not who owed; and what was given back.
ALTER TABLE receipts ADD COLUMN payer_customer_id BLOB REFERENCES customers (id);
ALTER TABLE receipts ADD COLUMN refunded_minor INTEGER NOT NULL DEFAULT 0;

-- A settlement is of an item, has a kind, and says what it took of the money; in another currency also with which rate,
-- and what that made of a difference.
ALTER TABLE settlements ADD COLUMN item_id BLOB REFERENCES invoice_items (id);
ALTER TABLE settlements ADD COLUMN kind TEXT NOT NULL DEFAULT 'payment';
ALTER TABLE settlements ADD COLUMN used_minor INTEGER NOT NULL DEFAULT 0;
ALTER TABLE settlements ADD COLUMN used_currency TEXT;
ALTER TABLE settlements ADD COLUMN rate TEXT;
ALTER TABLE settlements ADD COLUMN difference_minor INTEGER;
ALTER TABLE settlements ADD COLUMN difference_currency TEXT;
ALTER TABLE settlements ADD COLUMN reason TEXT;
UPDATE settlements SET
    item_id = invoice_id, used_minor = amount_minor,
    kind = CASE WHEN credit_note_id IS NULL THEN 'payment' ELSE 'credit' END;

-- Dunning stages and what notices list are of items.
CREATE TABLE dunning_stages_of_items (
    item_id BLOB PRIMARY KEY NOT NULL REFERENCES invoice_items (id),
    invoice_id BLOB NOT NULL REFERENCES invoices (id),
    customer_id BLOB NOT NULL REFERENCES customers (id),
    level INTEGER NOT NULL CHECK (level > 0),
    last_dunned_on TEXT NOT NULL,
    notice_id BLOB NOT NULL REFERENCES dunning_notices (id)
) STRICT;
INSERT INTO dunning_stages_of_items (item_id, invoice_id, customer_id, level, last_dunned_on, notice_id)
SELECT invoice_id, invoice_id, customer_id, level, last_dunned_on, notice_id FROM dunning_stages;
DROP TABLE dunning_stages;
ALTER TABLE dunning_stages_of_items RENAME TO dunning_stages;
CREATE INDEX dunning_stages_customer ON dunning_stages (customer_id, level);

CREATE TABLE dunning_notice_items_new (
    notice_id BLOB NOT NULL REFERENCES dunning_notices (id),
    item_id BLOB NOT NULL REFERENCES invoice_items (id),
    invoice_id BLOB NOT NULL REFERENCES invoices (id),
    level INTEGER NOT NULL CHECK (level > 0),
    days_past_due INTEGER NOT NULL,
    open_minor INTEGER NOT NULL CHECK (open_minor > 0),
    dropped_reason TEXT,
    PRIMARY KEY (notice_id, item_id)
) STRICT;
INSERT INTO dunning_notice_items_new (notice_id, item_id, invoice_id, level, days_past_due, open_minor, dropped_reason)
SELECT notice_id, invoice_id, invoice_id, level, days_past_due, open_minor, dropped_reason FROM dunning_notice_items;
DROP TABLE dunning_notice_items;
ALTER TABLE dunning_notice_items_new RENAME TO dunning_notice_items;
CREATE INDEX dunning_notice_items_invoice ON dunning_notice_items (invoice_id);
