-- Blocks of an account are told by more causes: legal status and default are handed down as such.
CREATE TABLE account_blocks_new (
    id BLOB PRIMARY KEY,
    account_id BLOB NOT NULL REFERENCES credit_accounts (id),
    cause TEXT NOT NULL CHECK (cause IN ('dunning', 'insolvent', 'dissolved', 'in_default')),
    reason TEXT NOT NULL,
    set_at TEXT NOT NULL,
    set_by TEXT NOT NULL,
    lifted_at TEXT,
    lifted_by TEXT
) STRICT;
INSERT INTO account_blocks_new SELECT * FROM account_blocks;
DROP TABLE account_blocks;
ALTER TABLE account_blocks_new RENAME TO account_blocks;
CREATE UNIQUE INDEX account_blocks_account_id_cause_key ON account_blocks (account_id, cause) WHERE lifted_at IS NULL;
