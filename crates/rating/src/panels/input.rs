//! What use cases and lists are asked.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::model::{NotAgreed, PanelPart, PanelStatus, Score};
use crate::book::customers::model::CustomerRef;
use crate::rating::facts::input::is_value;
use crate::rating::facts::model::value_schema;
use kernel::clock::Day;
use kernel::text::{Keyword, Note, Subject};
use methods::scoring::Value;

/// A panel that is to be convened.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ExpertPanelIn, example = json!({
    "customer": "C-1001", "question": "The founder has retired: how able is the new management?",
    "indicators": ["MANAGEMENT_ABILITY", "INTERNAL_CONTROL"], "experts": ["u-17", "u-23", "u-31"],
    "rounds_max": 2, "quorum": 2, "dispersion_limit": 0.2
}))]
pub struct PanelIn {
    pub customer: CustomerRef,
    /// What the experts are asked, and why.
    pub question: Note,
    /// The codes of qualitative indicators that people answer.
    #[validate(length(min = 1, max = 50))]
    #[schema(min_items = 1, max_items = 50)]
    pub indicators: Vec<Keyword>,
    /// Whom the tokens of the experts speak for.
    #[validate(length(min = 2, max = 30))]
    #[schema(min_items = 2, max_items = 30)]
    pub experts: Vec<Subject>,
    /// How many rounds there may be.
    #[serde(default = "two")]
    #[validate(range(min = 1, max = 3))]
    #[schema(minimum = 1, maximum = 3)]
    pub rounds_max: i32,
    /// How many must have answered before a round can be closed; more than half of the experts when not given.
    #[validate(range(min = 2, max = 30))]
    #[schema(minimum = 2, maximum = 30)]
    pub quorum: Option<i32>,
    /// The largest dispersion at which the experts agree: of numbers the range of their middle half as a share of the
    /// indicator's range, of answers the share of the experts who did not give the commonest.
    #[serde(default = "a_fifth")]
    #[validate(range(min = 0.0, max = 1.0))]
    #[schema(minimum = 0, maximum = 1)]
    pub dispersion_limit: f64,
}

fn two() -> i32 {
    2
}

fn a_fifth() -> f64 {
    0.2
}

impl PanelIn {
    pub fn new_panel(&self) -> NewPanel {
        NewPanel {
            customer: self.customer.clone(),
            question: self.question.clone(),
            indicators: self.indicators.clone(),
            experts: self.experts.clone(),
            rounds_max: self.rounds_max,
            quorum: self.quorum,
            dispersion_limit: self.dispersion_limit,
        }
    }
}

/// What an expert thinks.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ExpertOpinionIn, example = json!({"scores": [
    {"indicator": "MANAGEMENT_ABILITY", "value": 7.5, "note": "Has run the Suzhou plant for nine years."},
    {"indicator": "INTERNAL_CONTROL", "value": 5}
]}))]
pub struct OpinionIn {
    /// One for each indicator of the panel.
    #[validate(length(min = 1, max = 50), nested)]
    #[schema(min_items = 1, max_items = 50)]
    pub scores: Vec<ScoreIn>,
}

/// A score on one indicator.
#[derive(Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ExpertScoreIn)]
pub struct ScoreIn {
    /// The indicator's code.
    pub indicator: Keyword,
    /// Within its bounds, or one of its answers.
    #[schema(schema_with = value_schema)]
    #[validate(custom(function = "is_value"))]
    pub value: Value,
    /// Why; others read it without your name.
    pub note: Option<Note>,
}

impl OpinionIn {
    pub fn scores(&self) -> Vec<(Keyword, Score)> {
        let scores = self.scores.iter().map(|one| {
            let score = Score {
                value: one.value.clone(),
                note: one.note.clone(),
            };
            (one.indicator.clone(), score)
        });
        scores.collect()
    }
}

/// How a panel is concluded.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ExpertPanelConclusionIn, example = json!({
    "not_agreed": "leave_out", "expires_on": "2027-03-31", "reason": "Two rounds; the panel is at one but for the product."
}))]
pub struct ConclusionIn {
    /// What becomes of indicators on which the experts did not agree; `leave_out` when not given.
    #[serde(default)]
    pub not_agreed: NotAgreed,
    /// The last day on which the facts are used; as the policy has it for facts when not given.
    pub expires_on: Option<Day>,
    pub reason: Note,
}

impl ConclusionIn {
    pub fn conclusion(&self) -> Conclusion {
        Conclusion {
            not_agreed: self.not_agreed,
            expires_on: self.expires_on.map(Day::date),
            reason: self.reason.clone(),
        }
    }
}

/// Which panels.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PanelFilter {
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<PanelStatus>,
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer: Vec<CustomerRef>,
    /// Those in which the caller has this part.
    #[param(inline)]
    pub part: Option<PanelPart>,
}

/// A panel that is to be convened.
#[derive(Debug, Clone)]
pub struct NewPanel {
    pub customer: CustomerRef,
    pub question: Note,
    pub indicators: Vec<Keyword>,
    pub experts: Vec<Subject>,
    pub rounds_max: i32,
    /// More than half of the experts when not given.
    pub quorum: Option<i32>,
    /// The largest dispersion at which the experts agree, 0 to 1.
    pub dispersion_limit: f64,
}

/// How a panel is concluded.
#[derive(Debug, Clone)]
pub struct Conclusion {
    pub not_agreed: NotAgreed,
    /// The last day on which its facts are used; as the policy has it for facts when not given.
    pub expires_on: Option<NaiveDate>,
    pub reason: Note,
}
