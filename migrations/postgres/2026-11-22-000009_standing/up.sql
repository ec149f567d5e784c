ALTER TABLE customers ADD COLUMN legal_status text NOT NULL DEFAULT 'none'
    CHECK (legal_status IN ('none', 'sued', 'judgment', 'insolvent', 'dissolved'));
ALTER TABLE customers ADD COLUMN legal_status_since date;

ALTER TABLE ratings ADD COLUMN in_default_since date;
ALTER TABLE ratings ADD COLUMN cured_on date;
