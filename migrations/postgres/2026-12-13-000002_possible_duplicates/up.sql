-- Money that a bank statement brought, and that an ERP posts as well: which receipt the later one may be, and under which
-- number the other ledger has it.
ALTER TABLE receipts ADD COLUMN possible_duplicate_of uuid REFERENCES receipts (id);
ALTER TABLE receipts ADD COLUMN recognised_as text;
CREATE INDEX receipts_possible_duplicate ON receipts (possible_duplicate_of) WHERE possible_duplicate_of IS NOT NULL;
CREATE INDEX receipts_recognised ON receipts (recognised_as) WHERE recognised_as IS NOT NULL;
