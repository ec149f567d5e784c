DROP TABLE application_assessments;
DROP TABLE application_steps;
DROP TABLE applications;
DROP TABLE credit_blocks;
DROP TABLE limit_checks;
