-- Fills a book with :paid invoices that were paid in the last three years, and :open that are open, over all its accounts:
-- each has one item, and each that was paid a receipt that settles it.

CREATE TEMPORARY TABLE invoiced AS
SELECT n, n > :paid AS is_open, account.id AS account_id, account.customer_id, account.currency,
    CASE WHEN n > :paid THEN current_date - (n % 200)::integer ELSE current_date - (120 + n % 975)::integer END AS dated
FROM generate_series(1, :paid + :open) AS n
JOIN (SELECT *, row_number() OVER (ORDER BY id) - 1 AS place FROM credit_accounts) AS account
    ON account.place = n::bigint * 7919 % (SELECT count(*) FROM credit_accounts);

CREATE FUNCTION pg_temp.id_of(kind text, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT ('01900000' || '0000' || '7000' || '8' || kind || '00' || lpad(to_hex(n), 12, '0'))::uuid
$$;

ALTER TABLE invoices DISABLE TRIGGER USER;
ALTER TABLE invoice_items DISABLE TRIGGER USER;
INSERT INTO invoices (id, number, customer_id, account_id, invoice_date, due_date, currency, amount_minor, open_minor,
    status, created_by, created_at, version)
SELECT pg_temp.id_of('1', n), 'B-' || n, customer_id, account_id, dated, dated + 30, currency, 10000,
    CASE WHEN is_open THEN 10000 ELSE 0 END, CASE WHEN is_open THEN 'open' ELSE 'paid' END, 'bench', dated, 1
FROM invoiced;
INSERT INTO invoice_items (id, invoice_id, customer_id, position, amount_minor, open_minor, due_date, original_due_date,
    discounts, version)
SELECT pg_temp.id_of('1', n), pg_temp.id_of('1', n), customer_id, 1, 10000, CASE WHEN is_open THEN 10000 ELSE 0 END,
    dated + 30, dated + 30, '[]', 1
FROM invoiced;
INSERT INTO receipts (id, number, customer_id, account_id, receipt_date, currency, amount_minor, unapplied_minor, status,
    created_by, created_at, version)
SELECT pg_temp.id_of('2', n), 'P-' || n, customer_id, account_id, dated + 40, currency, 10000, 0, 'applied', 'bench',
    dated + 40, 1
FROM invoiced WHERE NOT is_open;
INSERT INTO settlements (id, invoice_id, customer_id, receipt_id, amount_minor, effective_on, created_by, created_at,
    item_id, kind, used_minor)
SELECT pg_temp.id_of('3', n), pg_temp.id_of('1', n), customer_id, pg_temp.id_of('2', n), 10000, dated + 40, 'bench',
    dated + 40, pg_temp.id_of('1', n), 'payment', 10000
FROM invoiced WHERE NOT is_open;
ALTER TABLE invoices ENABLE TRIGGER USER;
ALTER TABLE invoice_items ENABLE TRIGGER USER;
VACUUM ANALYZE invoices;
VACUUM ANALYZE invoice_items;
VACUUM ANALYZE receipts;
VACUUM ANALYZE settlements;
