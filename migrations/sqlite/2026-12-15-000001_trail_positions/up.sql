-- There is one writer, and all entries stand in transaction 0: readers look at no other, and nobody would be told of an entry
-- there or seal it.
CREATE TRIGGER trail_entries_own_transaction BEFORE INSERT ON trail_entries
WHEN NEW.transaction_id <> 0
BEGIN
    SELECT RAISE(FAIL, 'an entry stands in its own transaction');
END;
