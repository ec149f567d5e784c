CREATE TABLE grade_scales (
    id BLOB PRIMARY KEY,
    scale_version INTEGER NOT NULL CONSTRAINT grade_scales_scale_version_key UNIQUE,
    status TEXT NOT NULL CHECK (status IN ('draft', 'live', 'retired')),
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
CREATE UNIQUE INDEX grade_scales_live_key ON grade_scales (status) WHERE status = 'live';

CREATE TABLE rating_models (
    id BLOB PRIMARY KEY,
    code TEXT NOT NULL,
    model_version INTEGER NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('attribute_tree', 'anchored_topsis', 'scorecard', 'decision_tree', 'composite')),
    status TEXT NOT NULL CHECK (status IN ('draft', 'shadow', 'approved', 'live', 'retired')),
    document TEXT NOT NULL,
    report TEXT,
    reason TEXT NOT NULL,
    author TEXT NOT NULL,
    drafters TEXT NOT NULL,
    approver TEXT,
    created_at TEXT NOT NULL,
    shadow_at TEXT,
    approved_at TEXT,
    live_at TEXT,
    retired_at TEXT,
    version INTEGER NOT NULL,
    CONSTRAINT rating_models_code_model_version_key UNIQUE (code, model_version)
) STRICT;
CREATE UNIQUE INDEX rating_models_live_key ON rating_models (status) WHERE status = 'live';
CREATE INDEX rating_models_status ON rating_models (status, id);

CREATE TABLE ratings (
    id BLOB PRIMARY KEY,
    customer_id BLOB NOT NULL REFERENCES customers (id),
    model_id BLOB NOT NULL REFERENCES rating_models (id),
    scale_id BLOB NOT NULL REFERENCES grade_scales (id),
    grade TEXT NOT NULL,
    score_ppm INTEGER,
    override_grade TEXT,
    override_until TEXT,
    override_terms TEXT,
    record TEXT NOT NULL,
    run_id BLOB,
    rated_by TEXT NOT NULL,
    rated_at TEXT NOT NULL,
    stale_on TEXT NOT NULL,
    superseded_at TEXT,
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX ratings_customer_id_key ON ratings (customer_id) WHERE superseded_at IS NULL;
CREATE INDEX ratings_customer ON ratings (customer_id, rated_at);
CREATE INDEX ratings_grade ON ratings (grade, id);
CREATE INDEX ratings_stale ON ratings (stale_on, id);
