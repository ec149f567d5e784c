DROP TABLE invoice_keys;
DROP TABLE remittance_advices;
DROP TABLE payer_accounts;
DROP TABLE match_proposals;
DROP TABLE bank_entry_receipts;
DROP TABLE bank_entries;
DROP TABLE bank_statements;
DROP TABLE bank_accounts;
