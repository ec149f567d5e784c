-- Of a request with several lines only the first is kept.
ALTER TABLE change_requests ADD COLUMN target_id text NOT NULL DEFAULT '';
ALTER TABLE change_requests ADD COLUMN target_number text;
ALTER TABLE change_requests ADD COLUMN target_version bigint NOT NULL DEFAULT 0;
ALTER TABLE change_requests ADD COLUMN customer_id uuid REFERENCES customers (id);
ALTER TABLE change_requests ADD COLUMN before text NOT NULL DEFAULT 'null';
ALTER TABLE change_requests ADD COLUMN after text NOT NULL DEFAULT 'null';
UPDATE change_requests SET
    target_id = l.target_id, target_number = l.target_number, target_version = l.target_version,
    customer_id = l.customer_id, before = l.before, after = l.after
FROM change_request_lines l
WHERE l.request_id = change_requests.id
    AND l.line = (SELECT min(m.line) FROM change_request_lines m WHERE m.request_id = change_requests.id);
CREATE INDEX change_requests_target ON change_requests (target_id, id);
CREATE INDEX change_requests_customer ON change_requests (customer_id, id);
DROP TABLE change_request_lines;
