-- A payment that the bank took back is found again: the entry that went out names the one that came in.
ALTER TABLE bank_entries ADD COLUMN returns_entry_id BLOB REFERENCES bank_entries (id);
ALTER TABLE match_proposals ADD COLUMN returns_entry_id BLOB REFERENCES bank_entries (id);
CREATE INDEX bank_entries_amount ON bank_entries (bank_account_id, amount_minor);
CREATE INDEX bank_entries_returns ON bank_entries (returns_entry_id) WHERE returns_entry_id IS NOT NULL;
