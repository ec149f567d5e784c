-- An entry stands in the log where its own transaction does: readers have gone past an earlier place, and nobody would be told
-- of it or seal it. NOT VALID, because a dump that is loaded into another cluster brings the numbers of the old one:
-- pg_dump adds such a constraint after the rows.
ALTER TABLE trail_entries ADD CONSTRAINT trail_entries_own_transaction
    CHECK (transaction_id = pg_current_xact_id()::text::bigint) NOT VALID;
