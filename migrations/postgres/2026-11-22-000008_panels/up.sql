-- Experts asked about a customer, in rounds that none of them sees before they are closed.
CREATE TABLE expert_panels (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customers (id),
    status text NOT NULL CHECK (status IN ('scoring', 'reviewing', 'concluded', 'cancelled')),
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
    version bigint NOT NULL,
    CHECK ((ended_at IS NULL) = (status IN ('scoring', 'reviewing')))
);
CREATE INDEX expert_panels_customer ON expert_panels (customer_id, id);
CREATE INDEX expert_panels_status ON expert_panels (status, id);

CREATE TABLE panel_experts (
    panel_id uuid NOT NULL REFERENCES expert_panels (id),
    subject text NOT NULL,
    PRIMARY KEY (panel_id, subject)
);
CREATE INDEX panel_experts_subject ON panel_experts (subject, panel_id);

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

-- What a panel concluded is a fact like any other, and names its panel.
ALTER TABLE customer_facts ADD COLUMN panel_id uuid;
CREATE INDEX customer_facts_panel ON customer_facts (panel_id);
