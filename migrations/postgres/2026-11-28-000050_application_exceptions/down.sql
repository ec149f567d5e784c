ALTER TABLE applications DROP COLUMN exceptions;
