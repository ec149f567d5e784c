ALTER TABLE customers ADD COLUMN email TEXT;
UPDATE customers SET email = json_extract(contacts, '$[0].email');
ALTER TABLE customers DROP COLUMN contacts;
