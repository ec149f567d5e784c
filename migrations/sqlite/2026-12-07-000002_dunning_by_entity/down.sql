ALTER TABLE entity_terms DROP COLUMN dunning_block_reason;
ALTER TABLE entity_terms DROP COLUMN dunning_blocked_at;
DROP INDEX dunning_notices_entity;
ALTER TABLE dunning_notices DROP COLUMN block_scope;
ALTER TABLE dunning_notices DROP COLUMN legal_entity_id;
