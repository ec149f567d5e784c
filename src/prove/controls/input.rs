//! What is asked of controls.

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use kernel::clock::Day;
use kernel::text::Note;

/// The days that a run looks at.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"from": "2026-01-01", "to": "2026-06-30"}))]
pub struct ControlRunIn {
    /// The first business day.
    pub from: Day,
    /// The last business day, today at the latest.
    pub to: Day,
}

/// A sign-off.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"note": "The two gaps are invoices of the training system; see our file 2026/14."}))]
pub struct SignOffIn {
    /// What was looked into, and what came of it.
    pub note: Note,
}

/// Which runs.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ControlRunFilter {
    /// Those that somebody signed off, or those that nobody did.
    pub signed_off: Option<bool>,
}
