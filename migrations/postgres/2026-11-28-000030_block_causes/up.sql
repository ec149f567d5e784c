-- Blocks of an account are told by more causes: legal status and default are handed down as such.
ALTER TABLE account_blocks DROP CONSTRAINT account_blocks_cause_check;
ALTER TABLE account_blocks ADD CONSTRAINT account_blocks_cause_check
    CHECK (cause IN ('dunning', 'insolvent', 'dissolved', 'in_default'));
