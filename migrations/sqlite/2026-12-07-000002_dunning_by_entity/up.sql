-- A notice asks for what is owed to one company, and blocks the account or what that company sells.
ALTER TABLE dunning_notices ADD COLUMN legal_entity_id BLOB NOT NULL DEFAULT x'00000000000070008000000000000001';
ALTER TABLE dunning_notices ADD COLUMN block_scope TEXT NOT NULL DEFAULT 'account';
CREATE INDEX dunning_notices_entity ON dunning_notices (legal_entity_id, id);

-- Why dunning closes an account to the orders of one company.
ALTER TABLE entity_terms ADD COLUMN dunning_blocked_at TEXT;
ALTER TABLE entity_terms ADD COLUMN dunning_block_reason TEXT;
