-- What of a notice's invoices is covered by money and credit that are not applied yet.
ALTER TABLE dunning_notices ADD COLUMN unapplied_minor INTEGER NOT NULL DEFAULT 0 CHECK (unapplied_minor >= 0);
