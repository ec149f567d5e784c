DROP TABLE rating_days;
DROP INDEX ratings_review;
ALTER TABLE ratings DROP COLUMN review_on;
ALTER TABLE ratings DROP COLUMN cause;
ALTER TABLE ratings DROP COLUMN cured_on;
ALTER TABLE ratings DROP COLUMN in_default_since;
ALTER TABLE customers DROP COLUMN legal_status_since;
ALTER TABLE customers DROP COLUMN legal_status;
