-- An account says whether anything was agreed beside its net days: with a company, or payment terms with all of them.
ALTER TABLE credit_accounts RENAME COLUMN has_entity_terms TO has_agreed_terms;
UPDATE credit_accounts SET has_agreed_terms = 1
WHERE id IN (SELECT account_id FROM account_payment_terms WHERE payment_terms IS NOT NULL);
