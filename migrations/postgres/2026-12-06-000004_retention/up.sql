-- Retention money is a part of an invoice of a kind of its own.
ALTER TABLE invoice_items ADD COLUMN kind text NOT NULL DEFAULT 'instalment';
