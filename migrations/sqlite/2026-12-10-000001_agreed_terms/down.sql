ALTER TABLE credit_accounts RENAME COLUMN has_agreed_terms TO has_entity_terms;
