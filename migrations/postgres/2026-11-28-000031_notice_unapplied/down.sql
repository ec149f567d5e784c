ALTER TABLE dunning_notices DROP COLUMN unapplied_minor;
