ALTER TABLE customers ADD COLUMN email text;
UPDATE customers SET email = contacts::json -> 0 ->> 'email';
ALTER TABLE customers DROP COLUMN contacts;
