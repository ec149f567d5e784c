-- What was sold without recourse is owed to its buyer: the rules of checks that look at overdue items leave it out.
ALTER TABLE invoice_items ADD COLUMN sold_on TEXT;
UPDATE invoice_items SET sold_on = (SELECT i.sold_on FROM invoices i WHERE i.id = invoice_items.invoice_id)
    WHERE invoice_id IN (SELECT id FROM invoices WHERE sold_on IS NOT NULL);
