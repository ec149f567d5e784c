DROP TABLE calendars;
DROP TABLE payment_term_versions;
