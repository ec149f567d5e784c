-- How good customers are: what is known of them, by which models it is judged, and what came of it.

-- What customers report. Never changed: a correction is another version of the same period.
CREATE TABLE financial_statements (
    id BLOB PRIMARY KEY NOT NULL,
    customer_id BLOB NOT NULL REFERENCES customers (id),
    period_end TEXT NOT NULL,
    months INTEGER NOT NULL CHECK (months > 0),
    kind TEXT NOT NULL,
    currency TEXT NOT NULL,
    audit TEXT NOT NULL,
    source TEXT NOT NULL,
    received_on TEXT NOT NULL,
    lines TEXT NOT NULL,
    statement_version INTEGER NOT NULL CHECK (statement_version > 0),
    corrects_id BLOB REFERENCES financial_statements (id),
    reason TEXT,
    entered_by TEXT NOT NULL,
    entered_at TEXT NOT NULL,
    CHECK ((corrects_id IS NULL) = (statement_version = 1)),
    CHECK ((corrects_id IS NULL) = (reason IS NULL))
) STRICT;
CREATE UNIQUE INDEX financial_statements_period
    ON financial_statements (customer_id, period_end, months, statement_version);
CREATE UNIQUE INDEX financial_statements_corrects ON financial_statements (corrects_id);

-- What is known of industries. Never changed: a change is another version.
CREATE TABLE industry_versions (
    id BLOB PRIMARY KEY NOT NULL,
    code TEXT NOT NULL,
    industry_version INTEGER NOT NULL CHECK (industry_version > 0),
    name_en TEXT NOT NULL,
    name_zh TEXT NOT NULL,
    growth TEXT,
    cr4 TEXT,
    hhi TEXT,
    risk_class INTEGER CHECK (risk_class > 0),
    source TEXT NOT NULL,
    as_of TEXT NOT NULL,
    set_by TEXT NOT NULL,
    set_at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX industry_versions_code ON industry_versions (code, industry_version);

-- What people say of customers. Never changed: of several, the newest that holds counts.
CREATE TABLE customer_facts (
    id BLOB PRIMARY KEY NOT NULL,
    customer_id BLOB NOT NULL REFERENCES customers (id),
    indicator TEXT NOT NULL,
    value TEXT NOT NULL,
    source TEXT NOT NULL,
    as_of TEXT NOT NULL,
    expires_on TEXT NOT NULL,
    note TEXT,
    said_by TEXT NOT NULL,
    said_at TEXT NOT NULL,
    panel_id BLOB,
    CHECK (expires_on >= as_of)
) STRICT;
CREATE INDEX customer_facts_customer ON customer_facts (customer_id, as_of, id);
-- What a panel concluded is a fact like any other, and names its panel.
CREATE INDEX customer_facts_panel ON customer_facts (panel_id);

-- Experts asked about a customer, in rounds that none of them sees before they are closed.
CREATE TABLE expert_panels (
    id BLOB PRIMARY KEY NOT NULL,
    customer_id BLOB NOT NULL REFERENCES customers (id),
    status TEXT NOT NULL,
    question TEXT NOT NULL,
    indicators TEXT NOT NULL,
    round INTEGER NOT NULL CHECK (round > 0),
    rounds_max INTEGER NOT NULL CHECK (rounds_max >= round),
    quorum INTEGER NOT NULL CHECK (quorum > 0),
    dispersion_limit_ppm INTEGER NOT NULL CHECK (dispersion_limit_ppm BETWEEN 0 AND 1000000),
    convened_by TEXT NOT NULL,
    convened_at TEXT NOT NULL,
    ended_by TEXT,
    ended_at TEXT,
    end_reason TEXT,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX expert_panels_customer ON expert_panels (customer_id, id);
CREATE INDEX expert_panels_status ON expert_panels (status, id);

-- Who was asked.
CREATE TABLE panel_experts (
    panel_id BLOB NOT NULL REFERENCES expert_panels (id),
    subject TEXT NOT NULL,
    PRIMARY KEY (panel_id, subject)
) STRICT;
CREATE INDEX panel_experts_subject ON panel_experts (subject, panel_id);

-- When each round was open, and what came of it.
CREATE TABLE panel_rounds (
    panel_id BLOB NOT NULL REFERENCES expert_panels (id),
    round INTEGER NOT NULL CHECK (round > 0),
    opened_at TEXT NOT NULL,
    closed_by TEXT,
    closed_at TEXT,
    summary TEXT,
    PRIMARY KEY (panel_id, round),
    CHECK ((closed_at IS NULL) = (summary IS NULL))
) STRICT;

-- Never changed: of several by one expert in one round, the last counts.
CREATE TABLE expert_opinions (
    id BLOB PRIMARY KEY NOT NULL,
    panel_id BLOB NOT NULL REFERENCES expert_panels (id),
    round INTEGER NOT NULL,
    subject TEXT NOT NULL,
    scores TEXT NOT NULL,
    given_at TEXT NOT NULL
) STRICT;
CREATE INDEX expert_opinions_panel ON expert_opinions (panel_id, round, id);

-- The grades by version, with what each means, as JSON: one scale is live.
CREATE TABLE grade_scales (
    id BLOB PRIMARY KEY NOT NULL,
    scale_version INTEGER NOT NULL,
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
CREATE UNIQUE INDEX grade_scales_scale_version_key ON grade_scales (scale_version);
CREATE UNIQUE INDEX grade_scales_live_key ON grade_scales (status) WHERE status = 'live';

-- How customers are judged, by code and version, as JSON: one model is live.
CREATE TABLE rating_models (
    id BLOB PRIMARY KEY NOT NULL,
    code TEXT NOT NULL,
    model_version INTEGER NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
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
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX rating_models_code_model_version_key ON rating_models (code, model_version);
CREATE UNIQUE INDEX rating_models_live_key ON rating_models (status) WHERE status = 'live';
CREATE INDEX rating_models_status ON rating_models (status, id);

-- The grades that customers were given. One of each customer holds.
CREATE TABLE ratings (
    id BLOB PRIMARY KEY NOT NULL,
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
    version INTEGER NOT NULL,
    in_default_since TEXT,
    cured_on TEXT,
    cause TEXT NOT NULL DEFAULT 'asked',
    review_on TEXT
) STRICT;
CREATE UNIQUE INDEX ratings_customer_id_key ON ratings (customer_id) WHERE superseded_at IS NULL;
CREATE INDEX ratings_customer ON ratings (customer_id, rated_at);
CREATE INDEX ratings_grade ON ratings (grade, id);
CREATE INDEX ratings_stale ON ratings (stale_on, id);
CREATE INDEX ratings_review ON ratings (review_on, id);
