-- Of an invoice with several items, only what hangs on its first is kept where one row stands for the invoice.
CREATE TABLE dunning_notice_items_old (
    notice_id BLOB NOT NULL REFERENCES dunning_notices (id),
    invoice_id BLOB NOT NULL REFERENCES invoices (id),
    level INTEGER NOT NULL CHECK (level > 0),
    days_past_due INTEGER NOT NULL,
    open_minor INTEGER NOT NULL CHECK (open_minor > 0),
    dropped_reason TEXT,
    PRIMARY KEY (notice_id, invoice_id)
) STRICT;
INSERT INTO dunning_notice_items_old (notice_id, invoice_id, level, days_past_due, open_minor, dropped_reason)
SELECT notice_id, invoice_id, level, days_past_due, open_minor, dropped_reason FROM dunning_notice_items WHERE item_id = invoice_id;
DROP TABLE dunning_notice_items;
ALTER TABLE dunning_notice_items_old RENAME TO dunning_notice_items;
CREATE INDEX dunning_notice_items_invoice ON dunning_notice_items (invoice_id);
CREATE TABLE dunning_stages_of_invoices (
    invoice_id BLOB PRIMARY KEY NOT NULL REFERENCES invoices (id),
    customer_id BLOB NOT NULL REFERENCES customers (id),
    level INTEGER NOT NULL CHECK (level > 0),
    last_dunned_on TEXT NOT NULL,
    notice_id BLOB NOT NULL REFERENCES dunning_notices (id)
) STRICT;
INSERT INTO dunning_stages_of_invoices (invoice_id, customer_id, level, last_dunned_on, notice_id)
SELECT invoice_id, customer_id, level, last_dunned_on, notice_id FROM dunning_stages WHERE item_id = invoice_id;
DROP TABLE dunning_stages;
ALTER TABLE dunning_stages_of_invoices RENAME TO dunning_stages;
CREATE INDEX dunning_stages_customer ON dunning_stages (customer_id, level);
ALTER TABLE settlements DROP COLUMN item_id;
ALTER TABLE settlements DROP COLUMN kind;
ALTER TABLE settlements DROP COLUMN used_minor;
ALTER TABLE settlements DROP COLUMN used_currency;
ALTER TABLE settlements DROP COLUMN rate;
ALTER TABLE settlements DROP COLUMN difference_minor;
ALTER TABLE settlements DROP COLUMN difference_currency;
ALTER TABLE settlements DROP COLUMN reason;
ALTER TABLE receipts DROP COLUMN payer_customer_id;
ALTER TABLE receipts DROP COLUMN refunded_minor;
ALTER TABLE invoices DROP COLUMN net_minor;
ALTER TABLE invoices DROP COLUMN tax_minor;
ALTER TABLE invoices DROP COLUMN posting_date;
ALTER TABLE invoices DROP COLUMN baseline_date;
ALTER TABLE invoices DROP COLUMN customer_order_number;
ALTER TABLE invoices DROP COLUMN labels;
ALTER TABLE invoices DROP COLUMN payment_terms;
ALTER TABLE invoices DROP COLUMN booking_minor;
ALTER TABLE invoices DROP COLUMN booking_currency;
ALTER TABLE invoices DROP COLUMN booking_rate;
CREATE INDEX invoices_open_due ON invoices (due_date, id) WHERE open_minor > 0;
CREATE INDEX invoices_customer_open ON invoices (customer_id, due_date) WHERE open_minor > 0;
DROP TABLE invoice_items;
