//! The shapes of panels.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use super::summaries::{RoundOut, last_of};
use crate::platform::db::{DbError, read_document};
use crate::rating::facts::model::{CustomerFact, value_schema};
use crate::rating::panels::actions::{Seen, Sight};
use crate::rating::panels::model::{Opinion, Panel, PanelStatus, Scores};
use crate::rating::panels::rules;
use kernel::clock::Instant;
use kernel::ids::{CustomerFactId, CustomerId, ExpertOpinionId, ExpertPanelId};
use kernel::text::{Keyword, Note, Subject};
use methods::numbers::of_ppm;
use methods::scoring::Value;

/// A panel of experts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExpertPanel, example = json!({
    "id": "pnl_01k00000000000000000000001", "customer_id": "cus_01k00000000000000000000001", "status": "reviewing",
    "question": "The founder has retired: how able is the new management?", "indicators": ["MANAGEMENT_ABILITY"],
    "round": 1, "rounds_max": 2, "quorum": 2, "dispersion_limit": 0.2, "experts_asked": 3, "experts_answered": 3,
    "experts": null,
    "own_opinions": [{
        "id": "opn_01k00000000000000000000001", "panel_id": "pnl_01k00000000000000000000001", "round": 1,
        "scores": [{"indicator": "MANAGEMENT_ABILITY", "value": 7, "note": null}],
        "given_at": "2026-03-31T08:00:00.000000Z"
    }],
    "rounds": [{
        "round": 1, "opened_at": "2026-03-31T08:00:00.000000Z", "closed_at": "2026-04-07T08:00:00.000000Z",
        "summary": {
            "answered": 3, "missing": null, "concordance": null, "agreed": true,
            "indicators": [{
                "indicator": "MANAGEMENT_ABILITY", "result": 7, "agreed": true, "dispersion": 0.05,
                "numbers": {"median": 7, "mean": 7, "lower_quartile": 6.75, "upper_quartile": 7.25,
                    "interquartile_range": 0.5, "standard_deviation": 0.408_248, "minimum": 6.5, "maximum": 7.5},
                "answers": [],
                "scores": [{"value": 6.5, "note": null, "expert": null}, {"value": 7, "note": null, "expert": null},
                    {"value": 7.5, "note": "Has run the Suzhou plant for nine years.", "expert": null}]
            }]
        }
    }],
    "facts": [], "allowed": ["open_round", "conclude", "cancel"], "convened_by": "u-21",
    "convened_at": "2026-03-31T08:00:00.000000Z", "ended_by": null, "ended_at": null, "end_reason": null
}))]
pub struct PanelOut {
    id: ExpertPanelId,
    customer_id: CustomerId,
    status: PanelStatus,
    question: Note,
    #[schema(max_items = 50, value_type = Vec<Keyword>)]
    indicators: Vec<String>,
    /// The last round that was opened, from 1.
    #[schema(minimum = 1, maximum = 3)]
    round: i32,
    #[schema(minimum = 1, maximum = 3)]
    rounds_max: i32,
    #[schema(minimum = 2, maximum = 30)]
    quorum: i32,
    #[schema(minimum = 0, maximum = 1)]
    dispersion_limit: f64,
    #[schema(minimum = 2, maximum = 30)]
    experts_asked: usize,
    /// How many have answered in the last round.
    #[schema(minimum = 0, maximum = 30)]
    experts_answered: usize,
    /// Who was asked; null for who may not know.
    #[schema(max_items = 30)]
    experts: Option<Vec<ExpertOut>>,
    /// What the caller said, the last opinion of each round.
    #[schema(max_items = 3)]
    own_opinions: Vec<OpinionOut>,
    #[schema(max_items = 3)]
    rounds: Vec<RoundOut>,
    /// What the panel concluded.
    #[schema(max_items = 50)]
    facts: Vec<PanelFactOut>,
    /// What can be done next.
    #[schema(max_items = 5, value_type = Vec<Keyword>)]
    allowed: Vec<&'static str>,
    convened_by: Subject,
    convened_at: Instant,
    /// Who concluded or cancelled it.
    ended_by: Option<Subject>,
    ended_at: Option<Instant>,
    end_reason: Option<Note>,
}

impl PanelOut {
    pub fn of(seen: &Seen) -> Result<PanelOut, DbError> {
        let panel = &seen.panel;
        let answered = |expert: &&Subject, round: i32| last_of(seen, expert, round).is_some();
        let rounds = seen.rounds.iter().map(|round| RoundOut::of(seen, round));
        let own = (1..=panel.round).filter_map(|round| last_of(seen, &seen.viewer, round));
        let facts = seen.facts.iter().map(PanelFactOut::of);
        let experts = seen.experts.iter();
        Ok(PanelOut {
            id: panel.id,
            customer_id: panel.customer_id,
            status: panel.status,
            question: panel.question.clone(),
            indicators: panel.codes()?,
            round: panel.round,
            rounds_max: panel.rounds_max,
            quorum: panel.quorum,
            dispersion_limit: of_ppm(panel.dispersion_limit_ppm),
            experts_asked: seen.experts.len(),
            experts_answered: experts
                .clone()
                .filter(|expert| answered(expert, panel.round))
                .count(),
            experts: (seen.sight == Sight::Names).then(|| {
                let named = experts.map(|expert| ExpertOut {
                    expert: expert.clone(),
                    answered_in: (1..=panel.round)
                        .filter(|round| answered(&expert, *round))
                        .collect(),
                });
                named.collect()
            }),
            own_opinions: own.map(OpinionOut::of).collect::<Result<_, _>>()?,
            rounds: rounds.collect::<Result<_, _>>()?,
            facts: facts.collect::<Result<_, _>>()?,
            allowed: rules::allowed(panel),
            convened_by: panel.convened_by.clone(),
            convened_at: panel.convened_at,
            ended_by: panel.ended_by.clone(),
            ended_at: panel.ended_at,
            end_reason: panel.end_reason.clone(),
        })
    }
}

/// Somebody who was asked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PanelExpert)]
pub struct ExpertOut {
    expert: Subject,
    /// The rounds in which the expert has answered.
    #[schema(max_items = 3)]
    answered_in: Vec<i32>,
}

/// What an expert said in a round.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExpertOpinion, example = json!({
    "id": "opn_01k00000000000000000000001", "panel_id": "pnl_01k00000000000000000000001", "round": 1,
    "scores": [{"indicator": "MANAGEMENT_ABILITY", "value": 7, "note": null}],
    "given_at": "2026-03-31T08:00:00.000000Z"
}))]
pub struct OpinionOut {
    id: ExpertOpinionId,
    panel_id: ExpertPanelId,
    #[schema(minimum = 1, maximum = 3)]
    round: i32,
    #[schema(max_items = 50)]
    scores: Vec<ScoreOut>,
    given_at: Instant,
}

/// A score on one indicator.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExpertScore)]
pub struct ScoreOut {
    #[schema(max_length = 64)]
    indicator: String,
    #[schema(schema_with = value_schema)]
    value: Value,
    note: Option<Note>,
}

impl OpinionOut {
    pub fn of(opinion: &Opinion) -> Result<OpinionOut, DbError> {
        let scores: Scores = read_document(&opinion.scores)?;
        let scores = scores.into_iter().map(|(indicator, score)| ScoreOut {
            indicator,
            value: score.value,
            note: score.note,
        });
        Ok(OpinionOut {
            id: opinion.id,
            panel_id: opinion.panel_id,
            round: opinion.round,
            scores: scores.collect(),
            given_at: opinion.given_at,
        })
    }
}

/// A fact that a panel came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PanelFact)]
pub struct PanelFactOut {
    fact_id: CustomerFactId,
    #[schema(max_length = 64)]
    indicator: String,
    #[schema(schema_with = value_schema)]
    value: Value,
    as_of: NaiveDate,
    /// The last day on which it is used.
    expires_on: NaiveDate,
}

impl PanelFactOut {
    fn of(fact: &CustomerFact) -> Result<PanelFactOut, DbError> {
        Ok(PanelFactOut {
            fact_id: fact.id,
            indicator: fact.indicator.clone(),
            value: fact.value()?,
            as_of: fact.as_of,
            expires_on: fact.expires_on,
        })
    }
}

/// A panel in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExpertPanelSummary, example = json!({
    "id": "pnl_01k00000000000000000000001", "customer_id": "cus_01k00000000000000000000001", "status": "scoring",
    "question": "The founder has retired: how able is the new management?", "round": 1, "rounds_max": 2,
    "convened_by": "u-21", "convened_at": "2026-03-31T08:00:00.000000Z", "ended_at": null
}))]
pub struct PanelSummaryOut {
    id: ExpertPanelId,
    customer_id: CustomerId,
    status: PanelStatus,
    question: Note,
    /// The last round that was opened, from 1.
    #[schema(minimum = 1, maximum = 3)]
    round: i32,
    #[schema(minimum = 1, maximum = 3)]
    rounds_max: i32,
    convened_by: Subject,
    convened_at: Instant,
    ended_at: Option<Instant>,
}

impl From<Panel> for PanelSummaryOut {
    fn from(panel: Panel) -> PanelSummaryOut {
        PanelSummaryOut {
            id: panel.id,
            customer_id: panel.customer_id,
            status: panel.status,
            question: panel.question,
            round: panel.round,
            rounds_max: panel.rounds_max,
            convened_by: panel.convened_by,
            convened_at: panel.convened_at,
            ended_at: panel.ended_at,
        }
    }
}
