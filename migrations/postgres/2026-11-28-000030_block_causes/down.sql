DELETE FROM account_blocks WHERE cause <> 'dunning';
ALTER TABLE account_blocks DROP CONSTRAINT account_blocks_cause_check;
ALTER TABLE account_blocks ADD CONSTRAINT account_blocks_cause_check CHECK (cause IN ('dunning'));
