-- A notice asks for what is owed to one company, and blocks the account or what that company sells.
ALTER TABLE dunning_notices ADD COLUMN legal_entity_id uuid NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001';
ALTER TABLE dunning_notices ADD COLUMN block_scope text NOT NULL DEFAULT 'account';
CREATE INDEX dunning_notices_entity ON dunning_notices (legal_entity_id, id);

-- Why dunning closes an account to the orders of one company.
ALTER TABLE entity_terms ADD COLUMN dunning_blocked_at timestamptz;
ALTER TABLE entity_terms ADD COLUMN dunning_block_reason text;
