-- Since when the customer is in default, as rating hands it down; an account that is opened later reads it here.
ALTER TABLE customers ADD COLUMN in_default_since date;

UPDATE customers
SET in_default_since = (
  SELECT ratings.in_default_since FROM ratings
  WHERE ratings.customer_id = customers.id AND ratings.superseded_at IS NULL
);
