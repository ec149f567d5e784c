-- Money that came for an order before its invoice: it pays for that order alone, until it is released.
ALTER TABLE receipts ADD COLUMN prepaid_order_number TEXT;
CREATE INDEX receipts_prepaid ON receipts (prepaid_order_number) WHERE prepaid_order_number IS NOT NULL;
