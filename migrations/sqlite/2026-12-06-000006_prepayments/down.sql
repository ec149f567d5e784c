DROP INDEX receipts_prepaid;
ALTER TABLE receipts DROP COLUMN prepaid_order_number;
