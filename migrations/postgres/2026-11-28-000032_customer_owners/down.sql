DROP TABLE customer_owners;
