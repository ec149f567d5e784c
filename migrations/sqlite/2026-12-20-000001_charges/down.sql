DROP INDEX postings_charge;
ALTER TABLE postings DROP COLUMN charge_id;
DROP TABLE late_interest_terms;
DROP TABLE charges;
ALTER TABLE invoices DROP COLUMN kind;
