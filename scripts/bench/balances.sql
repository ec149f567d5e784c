-- Gives every account two balances beside its own, in other currencies, with rates of today.
INSERT INTO exchange_rates (id, base_currency, quote_currency, rate, rate_date, source, set_by, set_at)
VALUES (gen_random_uuid(), 'EUR', 'USD', '1.0705', current_date, 'bench', 'bench', now()),
    (gen_random_uuid(), 'EUR', 'CNY', '7.7748', current_date, 'bench', 'bench', now());
INSERT INTO account_balances (account_id, legal_entity_id, currency,
    reserved_minor, delivered_minor, receivable_minor, instrument_minor, charge_minor, unapplied_minor,
    group_reserved_minor, group_delivered_minor, group_receivable_minor, group_instrument_minor, group_charge_minor, group_unapplied_minor)
SELECT account.id, entity.id, other.currency, 0, 0, 8000000, 0, 0, 1000000, 0, 0, 8000000, 0, 0, 1000000
FROM credit_accounts AS account, (SELECT id FROM legal_entities ORDER BY id LIMIT 1) AS entity, (VALUES ('USD'), ('CNY')) AS other (currency);
UPDATE credit_accounts SET has_other_balances = true;
-- What autovacuum would have done.
VACUUM ANALYZE account_balances, credit_accounts, exchange_rates;
