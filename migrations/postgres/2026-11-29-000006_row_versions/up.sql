-- What the desk knows besides an account's row changes that row's version (xmin): here the invoices that are overdue and the
-- orders that wait for credit. Mostly the same unit of work moves the account's exposure anyway; so this is looked at
-- when it commits, and an account that it wrote already is not written again.
CREATE FUNCTION touch_account_of_customer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE credit_accounts SET version = version
    WHERE customer_id = NEW.customer_id
        AND xmin::text::bigint <> pg_current_xact_id()::text::bigint % 4294967296;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER invoices_touch AFTER INSERT OR UPDATE OF open_minor, due_date ON invoices
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION touch_account_of_customer();
CREATE CONSTRAINT TRIGGER credit_blocks_touch AFTER INSERT OR UPDATE OF status ON credit_blocks
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION touch_account_of_customer();
