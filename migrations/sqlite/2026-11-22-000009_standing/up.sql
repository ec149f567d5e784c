ALTER TABLE customers ADD COLUMN legal_status TEXT NOT NULL DEFAULT 'none'
    CHECK (legal_status IN ('none', 'sued', 'judgment', 'insolvent', 'dissolved'));
ALTER TABLE customers ADD COLUMN legal_status_since TEXT;

ALTER TABLE ratings ADD COLUMN in_default_since TEXT;
ALTER TABLE ratings ADD COLUMN cured_on TEXT;
ALTER TABLE ratings ADD COLUMN cause TEXT NOT NULL DEFAULT 'asked'
    CHECK (cause IN ('asked', 'run', 'stale', 'moved', 'unrated'));
ALTER TABLE ratings ADD COLUMN review_on TEXT;
UPDATE ratings SET cause = 'run' WHERE run_id IS NOT NULL;
CREATE INDEX ratings_review ON ratings (review_on, id);

CREATE TABLE rating_days (
    day TEXT PRIMARY KEY NOT NULL,
    begun_at TEXT NOT NULL
) STRICT;
