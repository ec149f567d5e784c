ALTER TABLE legal_entities DROP COLUMN calendar;
ALTER TABLE entity_terms DROP COLUMN payment_terms;
