DROP TABLE account_payment_terms;
