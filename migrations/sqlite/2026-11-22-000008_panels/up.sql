-- Experts asked about a customer, in rounds that none of them sees before they are closed.
CREATE TABLE expert_panels (
    id BLOB PRIMARY KEY,
    customer_id BLOB NOT NULL REFERENCES customers (id),
    status TEXT NOT NULL CHECK (status IN ('scoring', 'reviewing', 'concluded', 'cancelled')),
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
    version INTEGER NOT NULL,
    CHECK ((ended_at IS NULL) = (status IN ('scoring', 'reviewing')))
) STRICT;
CREATE INDEX expert_panels_customer ON expert_panels (customer_id, id);
CREATE INDEX expert_panels_status ON expert_panels (status, id);

CREATE TABLE panel_experts (
    panel_id BLOB NOT NULL REFERENCES expert_panels (id),
    subject TEXT NOT NULL,
    PRIMARY KEY (panel_id, subject)
) STRICT;
CREATE INDEX panel_experts_subject ON panel_experts (subject, panel_id);

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
    id BLOB PRIMARY KEY,
    panel_id BLOB NOT NULL REFERENCES expert_panels (id),
    round INTEGER NOT NULL,
    subject TEXT NOT NULL,
    scores TEXT NOT NULL,
    given_at TEXT NOT NULL
) STRICT;
CREATE INDEX expert_opinions_panel ON expert_opinions (panel_id, round, id);

-- What a panel concluded is a fact like any other, and names its panel.
ALTER TABLE customer_facts ADD COLUMN panel_id BLOB;
CREATE INDEX customer_facts_panel ON customer_facts (panel_id);
