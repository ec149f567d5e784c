ALTER TABLE invoices DROP COLUMN sold_on;
DROP TABLE factoring_assignments;
DROP TABLE factoring_agreements;
