ALTER TABLE invoice_items DROP COLUMN sold_on;
