-- Fills a book with old decisions: :old reservations of the last six days with all that the server wrote for each. The
-- rows are copies of one that the server has just written, with their own ids, keys, accounts and times. One in ten
-- still holds its reservation.

-- Ids as the server makes them (UUIDv7): by time.
CREATE FUNCTION pg_temp.id_at(at timestamptz, kind text, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7000800' || kind
        || lpad(to_hex(n), 12, '0'))::uuid
$$;

CREATE TEMPORARY TABLE old AS
SELECT n, at, account.id AS account_id, account.customer_id,
    pg_temp.id_at(at, '1', n) AS check_id, pg_temp.id_at(at, '2', n) AS entry_id, n % 10 = 0 AS is_open
FROM (
    SELECT n, now() - interval '6 days' + n * interval '6 days' / :old AS at FROM generate_series(1, :old) AS n
) AS ages
JOIN (SELECT *, row_number() OVER (ORDER BY id) - 1 AS place FROM credit_accounts) AS account
    ON account.place = n::bigint * 7919 % (SELECT count(*) FROM credit_accounts)
ORDER BY n;

-- Copies the row that `which` finds once for each of `old`, with `own` columns of the copy's own.
CREATE FUNCTION pg_temp.repeat(target regclass, which text, own jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    statement text;
BEGIN
    SELECT format(
        'INSERT INTO %1$s (%2$s) SELECT %3$s FROM old, (SELECT * FROM %1$s WHERE %4$s LIMIT 1) AS one ORDER BY n',
        target, string_agg(quote_ident(attname), ', ' ORDER BY attnum),
        string_agg(coalesce(own ->> attname, 'one.' || quote_ident(attname)), ', ' ORDER BY attnum), which)
    INTO statement
    FROM pg_attribute WHERE attrelid = target AND attnum > 0 AND NOT attisdropped AND attidentity = '';
    EXECUTE statement;
END
$$;

-- The copies point at each other and at accounts that exist; checking a million references takes minutes.
SET session_replication_role = replica;
\o /dev/null
SELECT pg_temp.repeat('limit_checks', 'outcome = ''approved''', '{
    "id": "old.check_id", "account_id": "old.account_id", "customer_id": "old.customer_id",
    "order_number": "''old-'' || n", "checked_at": "old.at"}');
SELECT pg_temp.repeat('reservations', 'status = ''active''', '{
    "id": "old.check_id", "account_id": "old.account_id", "customer_id": "old.customer_id", "order_number": "''old-'' || n",
    "created_at": "old.at", "expires_at": "old.at + interval ''30 days''",
    "status": "CASE WHEN is_open THEN ''active'' ELSE ''released'' END",
    "ended_at": "CASE WHEN NOT is_open THEN old.at + interval ''1 hour'' END",
    "end_reason": "CASE WHEN NOT is_open THEN ''shipped'' END"}');
SELECT pg_temp.repeat('idempotency_keys', 'true', '{"id": "gen_random_uuid()", "created_at": "old.at"}');
SELECT pg_temp.repeat('trail_entries', 'action = ''reservation.created''', '{
    "id": "old.entry_id", "at": "old.at", "entity_id": "''res_old'' || n", "request_id": "md5(n::text)"}');
\o
UPDATE credit_accounts AS account
SET reserved_minor = reserved_minor + held, group_reserved_minor = group_reserved_minor + held
FROM (SELECT account_id, sum(amount_minor)::bigint AS held FROM reservations
    WHERE order_number LIKE 'old-%' AND status = 'active' GROUP BY account_id) AS open
WHERE account.id = open.account_id;
RESET session_replication_role;
-- What autovacuum would have done.
VACUUM ANALYZE;
