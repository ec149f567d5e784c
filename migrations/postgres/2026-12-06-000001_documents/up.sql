-- The labels of invoices, by which they are found.
CREATE TABLE invoice_labels (
    label text NOT NULL,
    invoice_id uuid NOT NULL REFERENCES invoices (id),
    PRIMARY KEY (label, invoice_id)
);
INSERT INTO invoice_labels (label, invoice_id)
SELECT DISTINCT l.label, i.id FROM invoices i, jsonb_array_elements_text(i.labels::jsonb) AS l (label)
WHERE i.labels IS NOT NULL;

-- Lists of one company, or of a customer's order.
CREATE INDEX invoices_entity_due ON invoices (legal_entity_id, due_date, id);
CREATE INDEX invoices_customer_order ON invoices (customer_order_number) WHERE customer_order_number IS NOT NULL;
CREATE INDEX credit_notes_entity ON credit_notes (legal_entity_id, id);
CREATE INDEX receipts_entity ON receipts (legal_entity_id, id);

-- Documents of the same customer, day and amount as one that comes in by file.
CREATE INDEX invoices_alike ON invoices (customer_id, amount_minor, invoice_date);
CREATE INDEX credit_notes_alike ON credit_notes (customer_id, amount_minor, credit_date);
CREATE INDEX receipts_alike ON receipts (customer_id, amount_minor, receipt_date);
