//! What use cases and lists are asked.

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::model::{PolicyDocument, PolicyStatus};
use kernel::text::Note;

/// A policy to be drafted.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "document": {
        "check_rules": [{"code": "account_status", "effect": "block"}, {"code": "limit_utilisation", "effect": "review"}],
        "authority": [{"role": "credit", "level": 1, "amounts": {"CNY": "1000000.00"}}],
        "reservations": {"days_default": 30, "days_max": 366, "capture_tolerance_ppm": 0},
        "applications": {"answer_days": 30, "net_days_max": 180}
    },
    "reason": "Tighter after a year of losses."
}))]
pub struct PolicyIn {
    #[validate(nested)]
    pub document: PolicyDocument,
    /// Why the policy is to change.
    pub reason: Note,
}

/// Which policies.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PolicyFilter {
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<PolicyStatus>,
}
