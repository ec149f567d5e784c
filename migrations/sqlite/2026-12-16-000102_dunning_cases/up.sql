-- What is pursued of a customer together: what it owes one company in one currency, from the first notice on.
CREATE TABLE dunning_cases (
    id BLOB PRIMARY KEY NOT NULL,
    customer_id BLOB NOT NULL REFERENCES customers (id),
    account_id BLOB NOT NULL REFERENCES credit_accounts (id),
    legal_entity_id BLOB NOT NULL REFERENCES legal_entities (id),
    currency TEXT NOT NULL,
    status TEXT NOT NULL,
    level INTEGER NOT NULL CHECK (level >= 0),
    opened_on TEXT NOT NULL,
    last_notice_id BLOB NOT NULL REFERENCES dunning_notices (id),
    last_notice_on TEXT NOT NULL,
    escalation_due_on TEXT,
    escalation TEXT,
    proposed_by TEXT,
    proposed_at TEXT,
    decided_by TEXT,
    decided_at TEXT,
    closed_on TEXT,
    reason TEXT,
    created_at TEXT NOT NULL,
    changed_at TEXT NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX dunning_cases_open_key ON dunning_cases (customer_id, legal_entity_id, currency)
    WHERE closed_on IS NULL;
CREATE INDEX dunning_cases_customer ON dunning_cases (customer_id, id);
CREATE INDEX dunning_cases_status ON dunning_cases (status, id);
CREATE INDEX dunning_cases_escalation_due ON dunning_cases (escalation_due_on) WHERE status = 'open';

-- What is dunned already and open; the first of its notices gives the case its id.
INSERT INTO dunning_cases (
    id, customer_id, account_id, legal_entity_id, currency, status, level, opened_on, last_notice_id, last_notice_on,
    created_at, changed_at, version
)
SELECT f.id, n.customer_id, n.account_id, n.legal_entity_id, n.currency, 'open', d.level,
    COALESCE(n.issued_on, d.last_dunned_on), n.id, d.last_dunned_on, n.created_at, n.created_at, 1
FROM (
    SELECT n.customer_id, n.legal_entity_id, n.currency, MAX(s.level) AS level, MAX(s.last_dunned_on) AS last_dunned_on
    FROM dunning_stages s
    JOIN dunning_notices n ON n.id = s.notice_id
    JOIN invoice_items i ON i.id = s.item_id
    WHERE i.open_minor > 0 AND i.sold_on IS NULL
    GROUP BY n.customer_id, n.legal_entity_id, n.currency
) d
JOIN (
    SELECT n.id, n.customer_id, n.legal_entity_id, n.currency,
        ROW_NUMBER() OVER (PARTITION BY n.customer_id, n.legal_entity_id, n.currency ORDER BY n.id) AS place
    FROM dunning_notices n WHERE n.status = 'issued'
) f ON f.customer_id = d.customer_id AND f.legal_entity_id = d.legal_entity_id AND f.currency = d.currency
    AND f.place = 1
JOIN dunning_notices n ON n.id = f.id;
