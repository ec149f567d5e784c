UPDATE bank_entries SET status = 'open' WHERE status = 'returned' OR returns_entry_id IS NOT NULL;
DELETE FROM match_proposals WHERE returns_entry_id IS NOT NULL;
DROP INDEX bank_entries_returns;
DROP INDEX bank_entries_amount;
ALTER TABLE match_proposals DROP COLUMN returns_entry_id;
ALTER TABLE bank_entries DROP COLUMN returns_entry_id;
