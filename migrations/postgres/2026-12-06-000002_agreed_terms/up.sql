-- The payment terms that a company has with a customer where an invoice names none, and its calendar.
ALTER TABLE entity_terms ADD COLUMN payment_terms text;
ALTER TABLE legal_entities ADD COLUMN calendar text;
