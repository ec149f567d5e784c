-- What a change request changes, line by line: one target each, as it was and as it shall be.
CREATE TABLE change_request_lines (
    request_id BLOB NOT NULL REFERENCES change_requests (id),
    line INTEGER NOT NULL,
    target_id TEXT NOT NULL,
    target_number TEXT,
    target_version INTEGER NOT NULL,
    customer_id BLOB REFERENCES customers (id),
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    outcome TEXT,
    refusal TEXT,
    PRIMARY KEY (request_id, line)
) STRICT;
CREATE INDEX change_request_lines_target ON change_request_lines (target_id, request_id);
CREATE INDEX change_request_lines_customer ON change_request_lines (customer_id, request_id);

INSERT INTO change_request_lines (
    request_id, line, target_id, target_number, target_version, customer_id, before, after, outcome
)
SELECT
    id, 1, target_id, target_number, target_version, customer_id, before, after,
    CASE WHEN status IN ('applied', 'stale') THEN status END
FROM change_requests;
DROP INDEX change_requests_target;
DROP INDEX change_requests_customer;
ALTER TABLE change_requests DROP COLUMN target_id;
ALTER TABLE change_requests DROP COLUMN target_number;
ALTER TABLE change_requests DROP COLUMN target_version;
ALTER TABLE change_requests DROP COLUMN customer_id;
ALTER TABLE change_requests DROP COLUMN before;
ALTER TABLE change_requests DROP COLUMN after;
