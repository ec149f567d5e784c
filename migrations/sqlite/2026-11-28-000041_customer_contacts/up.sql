-- A customer's addresses, each with what it is for, as JSON; the one that was there is for invoices.
ALTER TABLE customers ADD COLUMN contacts TEXT NOT NULL DEFAULT '[]';
UPDATE customers SET contacts = json_array(json_object('email', email, 'purpose', 'invoices')) WHERE email IS NOT NULL;
ALTER TABLE customers DROP COLUMN email;
