ALTER TABLE customers DROP COLUMN in_default_since;
