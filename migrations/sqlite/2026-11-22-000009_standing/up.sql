ALTER TABLE customers ADD COLUMN legal_status TEXT NOT NULL DEFAULT 'none'
    CHECK (legal_status IN ('none', 'sued', 'judgment', 'insolvent', 'dissolved'));
ALTER TABLE customers ADD COLUMN legal_status_since TEXT;

ALTER TABLE ratings ADD COLUMN in_default_since TEXT;
ALTER TABLE ratings ADD COLUMN cured_on TEXT;
