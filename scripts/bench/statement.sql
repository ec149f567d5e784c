\set account random(1, :accounts)
\set order random(1, 1000000000)
WITH taken AS (
    UPDATE accounts SET reserved_minor = reserved_minor + 1000
    WHERE id = :account AND limit_minor - reserved_minor >= 1000
    RETURNING id
), reservation AS (
    INSERT INTO reservations (account_id, order_number, amount_minor, created_at)
    SELECT id, 'SO-' || :order, 1000, now() FROM taken
)
INSERT INTO decisions (account_id, order_number, amount_minor, outcome, decided_at)
SELECT id, 'SO-' || :order, 1000, 'approved', now() FROM taken;
