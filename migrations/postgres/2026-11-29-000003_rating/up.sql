-- How good customers are: what is known of them, by which models it is judged, and what came of it.

-- What customers report. Never changed: a correction is another version of the same period.
CREATE TABLE financial_statements (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customers (id),
    period_end date NOT NULL,
    months integer NOT NULL CHECK (months > 0),
    kind text NOT NULL,
    currency text NOT NULL,
    audit text NOT NULL,
    source text NOT NULL,
    received_on date NOT NULL,
    lines text NOT NULL,
    statement_version integer NOT NULL CHECK (statement_version > 0),
    corrects_id uuid REFERENCES financial_statements (id),
    reason text,
    entered_by text NOT NULL,
    entered_at timestamptz NOT NULL,
    CHECK ((corrects_id IS NULL) = (statement_version = 1)),
    CHECK ((corrects_id IS NULL) = (reason IS NULL))
);
CREATE UNIQUE INDEX financial_statements_period
    ON financial_statements (customer_id, period_end, months, statement_version);
CREATE UNIQUE INDEX financial_statements_corrects ON financial_statements (corrects_id);

-- What is known of industries. Never changed: a change is another version.
CREATE TABLE industry_versions (
    id uuid PRIMARY KEY,
    code text NOT NULL,
    industry_version bigint NOT NULL CHECK (industry_version > 0),
    name_en text NOT NULL,
    name_zh text NOT NULL,
    growth text,
    cr4 text,
    hhi text,
    risk_class integer CHECK (risk_class > 0),
    source text NOT NULL,
    as_of date NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX industry_versions_code ON industry_versions (code, industry_version);

-- What people say of customers. Never changed: of several, the newest that holds counts.
CREATE TABLE customer_facts (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customers (id),
    indicator text NOT NULL,
    value text NOT NULL,
    source text NOT NULL,
    as_of date NOT NULL,
    expires_on date NOT NULL,
    note text,
    said_by text NOT NULL,
    said_at timestamptz NOT NULL,
    panel_id uuid,
    CHECK (expires_on >= as_of)
);
CREATE INDEX customer_facts_customer ON customer_facts (customer_id, as_of, id);
-- What a panel concluded is a fact like any other, and names its panel.
CREATE INDEX customer_facts_panel ON customer_facts (panel_id);

-- Experts asked about a customer, in rounds that none of them sees before they are closed.
CREATE TABLE expert_panels (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customers (id),
    status text NOT NULL,
    question text NOT NULL,
    indicators text NOT NULL,
    round integer NOT NULL CHECK (round > 0),
    rounds_max integer NOT NULL CHECK (rounds_max >= round),
    quorum integer NOT NULL CHECK (quorum > 0),
    dispersion_limit_ppm bigint NOT NULL CHECK (dispersion_limit_ppm BETWEEN 0 AND 1000000),
    convened_by text NOT NULL,
    convened_at timestamptz NOT NULL,
    ended_by text,
    ended_at timestamptz,
    end_reason text,
    version bigint NOT NULL
);
CREATE INDEX expert_panels_customer ON expert_panels (customer_id, id);
CREATE INDEX expert_panels_status ON expert_panels (status, id);

-- Who was asked.
CREATE TABLE panel_experts (
    panel_id uuid NOT NULL REFERENCES expert_panels (id),
    subject text NOT NULL,
    PRIMARY KEY (panel_id, subject)
);
CREATE INDEX panel_experts_subject ON panel_experts (subject, panel_id);

-- When each round was open, and what came of it.
CREATE TABLE panel_rounds (
    panel_id uuid NOT NULL REFERENCES expert_panels (id),
    round integer NOT NULL CHECK (round > 0),
    opened_at timestamptz NOT NULL,
    closed_by text,
    closed_at timestamptz,
    summary text,
    PRIMARY KEY (panel_id, round),
    CHECK ((closed_at IS NULL) = (summary IS NULL))
);

-- Never changed: of several by one expert in one round, the last counts.
CREATE TABLE expert_opinions (
    id uuid PRIMARY KEY,
    panel_id uuid NOT NULL REFERENCES expert_panels (id),
    round integer NOT NULL,
    subject text NOT NULL,
    scores text NOT NULL,
    given_at timestamptz NOT NULL
);
CREATE INDEX expert_opinions_panel ON expert_opinions (panel_id, round, id);

-- The grades by version, with what each means, as JSON: one scale is live.
CREATE TABLE grade_scales (
    id uuid PRIMARY KEY,
    scale_version integer NOT NULL,
    status text NOT NULL,
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
CREATE UNIQUE INDEX grade_scales_scale_version_key ON grade_scales (scale_version);
CREATE UNIQUE INDEX grade_scales_live_key ON grade_scales (status) WHERE status = 'live';

-- How customers are judged, by code and version, as JSON: one model is live.
CREATE TABLE rating_models (
    id uuid PRIMARY KEY,
    code text NOT NULL,
    model_version integer NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    status text NOT NULL,
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
    version bigint NOT NULL
);
CREATE UNIQUE INDEX rating_models_code_model_version_key ON rating_models (code, model_version);
CREATE UNIQUE INDEX rating_models_live_key ON rating_models (status) WHERE status = 'live';
CREATE INDEX rating_models_status ON rating_models (status, id);

-- The grades that customers were given. One of each customer holds.
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
    version bigint NOT NULL,
    in_default_since date,
    cured_on date,
    cause text NOT NULL DEFAULT 'asked',
    review_on date
);
CREATE UNIQUE INDEX ratings_customer_id_key ON ratings (customer_id) WHERE superseded_at IS NULL;
CREATE INDEX ratings_customer ON ratings (customer_id, rated_at);
CREATE INDEX ratings_grade ON ratings (grade, id);
CREATE INDEX ratings_stale ON ratings (stale_on, id);
CREATE INDEX ratings_review ON ratings (review_on, id);
