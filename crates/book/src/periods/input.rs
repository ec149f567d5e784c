//! What use cases and lists are asked.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::model::PeriodStatus;
use crate::book::entities::model::EntityRef;
use kernel::clock::Day;
use kernel::text::Keyword;

/// Periods of a legal entity, as its general ledger has them.
#[derive(Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"legal_entity": "MAIN", "periods": [
    {"code": "2026-03", "first_day": "2026-03-01", "last_day": "2026-03-31", "status": "closed"},
    {"code": "2026-04", "first_day": "2026-04-01", "last_day": "2026-04-30", "status": "open"}
]}))]
pub struct PeriodsIn {
    /// Whose books; `MAIN` when not given.
    pub legal_entity: Option<EntityRef>,
    /// Those that are named are as they are said here; the others stay.
    #[validate(length(min = 1, max = 200))]
    #[schema(min_items = 1, max_items = 200)]
    pub periods: Vec<PeriodIn>,
}

/// One period.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PeriodIn {
    pub code: Keyword,
    pub first_day: Day,
    pub last_day: Day,
    pub status: PeriodStatus,
}

/// Which periods.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PeriodFilter {
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<PeriodStatus>,
    /// Of these legal entities.
    #[serde(default)]
    #[param(max_items = 100)]
    pub legal_entity: Vec<EntityRef>,
}
