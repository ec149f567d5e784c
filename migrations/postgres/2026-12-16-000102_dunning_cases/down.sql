DROP TABLE dunning_cases;
