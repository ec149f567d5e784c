DROP TABLE period_violations;
DROP TABLE periods;
