//! What use cases and lists are asked.

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::model::ScaleStatus;
use kernel::text::Note;

/// A grade scale to be drafted.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "document": {
        "scale": {
            "grades": [
                {"code": "A", "from": 0.7, "probability_up_to": 0.01, "probability_of_default": 0.005},
                {"code": "B", "from": 0.4, "probability_up_to": 0.05, "probability_of_default": 0.025},
                {"code": "C", "probability_of_default": 0.12}
            ],
            "in_default": "D", "not_rated": "NR"
        },
        "bounds": {
            "rules": [{
                "condition": {"fact": "unpaid_days_over", "days": 90},
                "bound": {"effect": "not_above", "grade": "B"}
            }],
            "override_grades": 1
        },
        "rating_months": 12
    },
    "reason": "Three grades are enough for the pilot."
}))]
pub struct GradeScaleIn {
    /// `scale`, `bounds` and `rating_months`; `docs/rating.md` describes every member.
    #[schema(value_type = Object)]
    pub document: serde_json::Value,
    /// Why the scale is to change.
    pub reason: Note,
}

/// Which grade scales.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ScaleFilter {
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<ScaleStatus>,
}
