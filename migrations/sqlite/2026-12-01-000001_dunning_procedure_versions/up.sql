-- What dunning procedures say, by version: drafted by one person, approved by another, live, retired by the next.
CREATE TABLE dunning_procedure_versions (
    id BLOB PRIMARY KEY NOT NULL,
    dunning_procedure_id BLOB NOT NULL REFERENCES dunning_procedures (id),
    procedure_version INTEGER NOT NULL,
    status TEXT NOT NULL,
    document TEXT NOT NULL,
    reason TEXT NOT NULL,
    author TEXT NOT NULL,
    drafters TEXT NOT NULL,
    approver TEXT,
    created_at TEXT NOT NULL,
    live_at TEXT,
    retired_at TEXT,
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX dunning_procedure_versions_number_key
    ON dunning_procedure_versions (dunning_procedure_id, procedure_version);
CREATE UNIQUE INDEX dunning_procedure_versions_live_key
    ON dunning_procedure_versions (dunning_procedure_id) WHERE status = 'live';

-- What each procedure says now is its first version.
INSERT INTO dunning_procedure_versions (
    id, dunning_procedure_id, procedure_version, status, document, reason, author, drafters, created_at, live_at, version
)
SELECT
    id, id, 1, 'live', document,
    CASE WHEN version = 1 AND usage = 'default' THEN 'The procedure that a new book begins with.'
        ELSE 'What the procedure said before its versions were kept.' END,
    'netterms', '["netterms"]', created_at, changed_at, 1
FROM dunning_procedures;
ALTER TABLE dunning_procedures DROP COLUMN document;

-- Which versions were live when a run was previewed, and which one a notice follows. Older ones do not say.
ALTER TABLE dunning_runs ADD COLUMN procedures TEXT NOT NULL DEFAULT '[]';
ALTER TABLE dunning_notices ADD COLUMN procedure_version_id BLOB REFERENCES dunning_procedure_versions (id);
