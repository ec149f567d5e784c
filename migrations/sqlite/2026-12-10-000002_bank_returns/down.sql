DROP INDEX bank_entries_returns;
DROP INDEX bank_entries_amount;
ALTER TABLE match_proposals DROP COLUMN returns_entry_id;
ALTER TABLE bank_entries DROP COLUMN returns_entry_id;
