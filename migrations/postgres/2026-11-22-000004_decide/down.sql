DROP TABLE application_steps;
DROP TABLE applications;
DROP TABLE credit_blocks;
DROP TABLE limit_checks;
DROP DOMAIN check_outcome;
DROP DOMAIN checkpoint;
