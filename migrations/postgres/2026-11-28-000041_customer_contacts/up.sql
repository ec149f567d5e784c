-- A customer's addresses, each with what it is for, as JSON; the one that was there is for invoices.
ALTER TABLE customers ADD COLUMN contacts text NOT NULL DEFAULT '[]';
UPDATE customers SET contacts = json_build_array(json_build_object('email', email, 'purpose', 'invoices'))::text
    WHERE email IS NOT NULL;
ALTER TABLE customers DROP COLUMN email;
