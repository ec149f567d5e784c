-- Who has owned a customer, and until when: none while somebody owns it. Duties are kept apart by whoever owned it of late.
CREATE TABLE customer_owners (
    customer_id BLOB NOT NULL REFERENCES customers (id),
    owner TEXT NOT NULL,
    owned_until TEXT,
    PRIMARY KEY (customer_id, owner)
) STRICT;
INSERT INTO customer_owners (customer_id, owner) SELECT id, owner FROM customers WHERE owner IS NOT NULL;
