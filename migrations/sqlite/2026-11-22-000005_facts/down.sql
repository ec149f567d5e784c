DROP TABLE customer_facts;
DROP TABLE industry_versions;
DROP TABLE financial_statements;
