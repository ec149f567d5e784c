\set account random(1, :accounts)
\set order random(1, 1000000000)
BEGIN;
SELECT limit_minor - reserved_minor FROM accounts WHERE id = :account FOR UPDATE;
UPDATE accounts SET reserved_minor = reserved_minor + 1000 WHERE id = :account;
INSERT INTO reservations (account_id, order_number, amount_minor, created_at)
    VALUES (:account, 'SO-' || :order, 1000, now());
INSERT INTO decisions (account_id, order_number, amount_minor, outcome, decided_at)
    VALUES (:account, 'SO-' || :order, 1000, 'approved', now());
COMMIT;
