//! What use cases and lists are asked.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::model::{RankDirection, RatingHistory};
use crate::book::customers::model::CustomerRef;
use kernel::clock::Day;
use kernel::text::{Keyword, Note};

/// Which weights are moved by how much, and for whom.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"step": 0.05, "customers": ["C-1001", "C-1002"]}))]
pub struct SensitivityIn {
    /// By how much a weight among its siblings is lowered and raised.
    #[serde(default = "a_twentieth")]
    #[validate(range(min = 0.001, max = 1.0))]
    #[schema(minimum = 0.001, maximum = 1)]
    pub step: f64,
    #[serde(default)]
    #[validate(length(max = 20))]
    #[schema(max_items = 20)]
    pub customers: Vec<CustomerRef>,
}

fn a_twentieth() -> f64 {
    0.05
}

/// Who is to be rated.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"customer": "C-1001"}))]
pub struct RatingIn {
    pub customer: CustomerRef,
}

/// Another grade, for a while.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "grade": "A", "reason": "The owner's guarantee came after the statements.", "expires_on": "2026-09-30"
}))]
pub struct OverrideIn {
    /// A grade of the scale.
    pub grade: Keyword,
    pub reason: Note,
    /// The last day on which it holds.
    pub expires_on: Day,
}

/// Which ratings.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RatingFilter {
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer: Vec<CustomerRef>,
    /// Grades that hold today.
    #[serde(default)]
    #[param(max_items = 30)]
    pub grade: Vec<Keyword>,
    /// Those that are too old on this day.
    pub stale_by: Option<Day>,
    /// Those of customers at whom a person is to look again by this day.
    pub review_by: Option<Day>,
    /// The newest of each customer (`current`, as when not given), or `all`.
    #[param(inline)]
    pub history: Option<RatingHistory>,
}

/// What is to be cut.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "scores": [0.12, 0.18, 0.22, 0.41, 0.44, 0.47, 0.52, 0.78, 0.83, 0.90], "codes": ["A", "B", "C"]
}))]
pub struct CutOffsIn {
    /// The scores; those of the newest ratings when not given.
    #[validate(length(min = 2, max = 50_000))]
    #[schema(min_items = 2, max_items = 50_000)]
    #[serde(default)]
    pub scores: Option<Vec<f64>>,
    /// A code for each class, best first; AAA to CCC when not given.
    #[validate(length(min = 2, max = 30))]
    #[schema(min_items = 2, max_items = 30)]
    #[serde(default)]
    pub codes: Option<Vec<Keyword>>,
}

/// Who is to be ranked by what.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "criteria": [
        {"indicator": "CURRENT_RATIO", "weight": 2, "direction": "benefit"},
        {"indicator": "DAYS_BEYOND_TERMS", "weight": 3, "direction": "cost"}
    ],
    "customers": ["C-1001", "C-1002"], "top": 20
}))]
pub struct RankingIn {
    #[validate(length(min = 1, max = 50), nested)]
    #[schema(min_items = 1, max_items = 50)]
    pub criteria: Vec<RankingCriterionIn>,
    /// The whole book when not given.
    #[validate(length(min = 2, max = 500))]
    #[schema(min_items = 2, max_items = 500)]
    #[serde(default)]
    pub customers: Option<Vec<CustomerRef>>,
    /// How many of the best are shown; 50 when not given.
    #[validate(range(min = 1, max = 500))]
    #[schema(minimum = 1, maximum = 500)]
    #[serde(default)]
    pub top: Option<u16>,
}

/// One criterion.
#[derive(Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RankingCriterionIn {
    /// The indicator's code.
    pub indicator: Keyword,
    /// In any unit: it counts as its share of all weights.
    #[validate(range(min = 0.0, max = 1_000_000.0))]
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub weight: f64,
    /// Whether more is better.
    pub direction: RankDirection,
}
