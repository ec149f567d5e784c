DROP TABLE application_assessments;
