DROP TRIGGER credit_blocks_touch ON credit_blocks;
DROP TRIGGER invoices_touch ON invoices;
DROP FUNCTION touch_account_of_customer();
