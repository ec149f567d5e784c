-- A run writes a line and a stage for every overdue item, under locks, from rows that it has just read and that nothing deletes:
-- looking each reference up again took most of its time. `netterms verify` asks instead.
CREATE TABLE dunning_notice_items_made_anew (
    notice_id BLOB NOT NULL,
    item_id BLOB NOT NULL,
    invoice_id BLOB NOT NULL,
    level INTEGER NOT NULL CHECK (level > 0),
    days_past_due INTEGER NOT NULL,
    open_minor INTEGER NOT NULL CHECK (open_minor > 0),
    dropped_reason TEXT,
    decision TEXT,
    decision_reason TEXT,
    decided_by TEXT,
    dunning_block_id BLOB,
    PRIMARY KEY (notice_id, item_id)
) STRICT;
INSERT INTO dunning_notice_items_made_anew (
    notice_id, item_id, invoice_id, level, days_past_due, open_minor, dropped_reason, decision, decision_reason,
    decided_by, dunning_block_id
)
SELECT
    notice_id, item_id, invoice_id, level, days_past_due, open_minor, dropped_reason, decision, decision_reason,
    decided_by, dunning_block_id
FROM dunning_notice_items;
DROP TABLE dunning_notice_items;
ALTER TABLE dunning_notice_items_made_anew RENAME TO dunning_notice_items;
CREATE INDEX dunning_notice_items_invoice ON dunning_notice_items (invoice_id);

CREATE TABLE dunning_stages_made_anew (
    item_id BLOB PRIMARY KEY NOT NULL,
    invoice_id BLOB NOT NULL,
    customer_id BLOB NOT NULL,
    level INTEGER NOT NULL CHECK (level > 0),
    last_dunned_on TEXT NOT NULL,
    notice_id BLOB NOT NULL
) STRICT;
INSERT INTO dunning_stages_made_anew (item_id, invoice_id, customer_id, level, last_dunned_on, notice_id)
SELECT item_id, invoice_id, customer_id, level, last_dunned_on, notice_id FROM dunning_stages;
DROP TABLE dunning_stages;
ALTER TABLE dunning_stages_made_anew RENAME TO dunning_stages;
CREATE INDEX dunning_stages_customer ON dunning_stages (customer_id, level);
