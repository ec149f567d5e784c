DROP INDEX receipts_alike;
DROP INDEX credit_notes_alike;
DROP INDEX invoices_alike;
DROP INDEX receipts_entity;
DROP INDEX credit_notes_entity;
DROP INDEX invoices_customer_order;
DROP INDEX invoices_entity_due;
DROP TABLE invoice_labels;
