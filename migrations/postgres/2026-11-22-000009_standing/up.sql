ALTER TABLE customers ADD COLUMN legal_status text NOT NULL DEFAULT 'none'
    CHECK (legal_status IN ('none', 'sued', 'judgment', 'insolvent', 'dissolved'));
ALTER TABLE customers ADD COLUMN legal_status_since date;

ALTER TABLE ratings ADD COLUMN in_default_since date;
ALTER TABLE ratings ADD COLUMN cured_on date;
ALTER TABLE ratings ADD COLUMN cause text NOT NULL DEFAULT 'asked'
    CHECK (cause IN ('asked', 'run', 'stale', 'moved', 'unrated'));
ALTER TABLE ratings ADD COLUMN review_on date;
UPDATE ratings SET cause = 'run' WHERE run_id IS NOT NULL;
CREATE INDEX ratings_review ON ratings (review_on, id);

CREATE TABLE rating_days (
    day date PRIMARY KEY,
    begun_at timestamptz NOT NULL
);
