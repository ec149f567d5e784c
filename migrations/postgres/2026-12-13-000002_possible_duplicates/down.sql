DROP INDEX receipts_recognised;
DROP INDEX receipts_possible_duplicate;
ALTER TABLE receipts DROP COLUMN recognised_as;
ALTER TABLE receipts DROP COLUMN possible_duplicate_of;
