CREATE TABLE grade_scales (
    id uuid PRIMARY KEY,
    scale_version integer NOT NULL CONSTRAINT grade_scales_scale_version_key UNIQUE,
    status text NOT NULL CHECK (status IN ('draft', 'live', 'retired')),
    document text NOT NULL,
    reason text NOT NULL,
    author text NOT NULL,
    drafters text NOT NULL,
    approver text,
    created_at timestamptz NOT NULL,
    live_at timestamptz,
    retired_at timestamptz,
    version bigint NOT NULL
);
CREATE UNIQUE INDEX grade_scales_live_key ON grade_scales (status) WHERE status = 'live';

CREATE TABLE rating_models (
    id uuid PRIMARY KEY,
    code text NOT NULL,
    model_version integer NOT NULL,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('attribute_tree', 'anchored_topsis', 'scorecard', 'decision_tree', 'composite')),
    status text NOT NULL CHECK (status IN ('draft', 'shadow', 'approved', 'live', 'retired')),
    document text NOT NULL,
    report text,
    reason text NOT NULL,
    author text NOT NULL,
    drafters text NOT NULL,
    approver text,
    created_at timestamptz NOT NULL,
    shadow_at timestamptz,
    approved_at timestamptz,
    live_at timestamptz,
    retired_at timestamptz,
    version bigint NOT NULL,
    CONSTRAINT rating_models_code_model_version_key UNIQUE (code, model_version)
);
CREATE UNIQUE INDEX rating_models_live_key ON rating_models (status) WHERE status = 'live';
CREATE INDEX rating_models_status ON rating_models (status, id);

CREATE TABLE ratings (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customers (id),
    model_id uuid NOT NULL REFERENCES rating_models (id),
    scale_id uuid NOT NULL REFERENCES grade_scales (id),
    grade text NOT NULL,
    score_ppm bigint,
    override_grade text,
    override_until date,
    override_terms text,
    record text NOT NULL,
    run_id uuid,
    rated_by text NOT NULL,
    rated_at timestamptz NOT NULL,
    stale_on date NOT NULL,
    superseded_at timestamptz,
    version bigint NOT NULL
);
CREATE UNIQUE INDEX ratings_customer_id_key ON ratings (customer_id) WHERE superseded_at IS NULL;
CREATE INDEX ratings_customer ON ratings (customer_id, rated_at);
CREATE INDEX ratings_grade ON ratings (grade, id);
CREATE INDEX ratings_stale ON ratings (stale_on, id);
