DROP TABLE job_reports;
DROP TABLE job_files;
DROP TABLE jobs;
DROP TABLE idempotency_keys;
DROP TABLE business_days;
DROP TABLE subscriptions;
DROP TABLE trail_entries;
