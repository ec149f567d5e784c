//! What use cases and lists are asked.

use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::model::{AgingBy, AgingQuestion, OverLimitQuestion, ViolationKind, ViolationQuestion};
use crate::book::customers::model::CustomerRef;
use crate::book::entities::model::EntityRef;
use crate::prove::reports::model::BucketBounds;
use kernel::clock::{Clock, Day};
use kernel::money::Currency;
use kernel::text::Subject;

/// What is asked of the aging report.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AgingFilter {
    /// The day at whose end things stood so; today when not given, never in the future.
    pub as_of: Option<Day>,
    /// What the report has one row for, in each currency; the customer when not given.
    pub by: Option<AgingBy>,
    /// The upper bounds of the buckets in days past due, ascending; 30,60,90,180,365 when not given.
    #[param(value_type = Option<String>, max_length = 60, pattern = "^[1-9][0-9]{0,3}(,[1-9][0-9]{0,3}){0,11}$", example = "30,60,90")]
    pub buckets: Option<BucketBounds>,
    /// Only these customers.
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer: Vec<CustomerRef>,
    /// Only what is owed to these legal entities.
    #[serde(default)]
    #[param(max_items = 100)]
    pub legal_entity: Vec<EntityRef>,
    /// Only what is owed in these currencies.
    #[serde(default)]
    #[param(max_items = 100)]
    pub currency: Vec<Currency>,
    /// The currency of a total over all currencies, at the exchange rates of `as_of`; none when not given.
    #[serde(rename = "in")]
    #[param(inline)]
    pub converted_into: Option<Currency>,
    /// How it is written; by `Accept` when not given.
    #[param(inline)]
    pub format: Option<Format>,
}

impl AgingFilter {
    pub fn question(self, today: NaiveDate, owner: Option<Subject>) -> AgingQuestion {
        AgingQuestion {
            as_of: self.as_of.map_or(today, Day::date),
            by: self.by.unwrap_or(AgingBy::Customer),
            bounds: self.buckets.unwrap_or_default(),
            owner,
            customers: self.customer,
            entities: self.legal_entity,
            currencies: self.currency,
            converted_into: self.converted_into,
        }
    }
}

/// What is asked of the report of accounts over a limit by rates.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OverLimitFilter {
    /// The day whose exchange rates are compared with today's. When not given, that of each account's last limit check, or
    /// yesterday where there is none.
    pub since: Option<Day>,
    /// Only these customers.
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer: Vec<CustomerRef>,
    /// Only accounts whose limit is in one of these currencies.
    #[serde(default)]
    #[param(max_items = 100)]
    pub currency: Vec<Currency>,
}

impl OverLimitFilter {
    pub fn question(self, owner: Option<Subject>) -> OverLimitQuestion {
        OverLimitQuestion {
            since: self.since.map(Day::date),
            owner,
            customers: self.customer,
            currencies: self.currency,
        }
    }
}

/// Which violations of policy.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ViolationFilter {
    /// Those of these kinds.
    #[serde(default)]
    #[param(max_items = 10)]
    pub kind: Vec<ViolationKind>,
    /// Those that were recorded on this business day or later.
    pub recorded_from: Option<Day>,
    /// Those that were recorded on this business day or earlier.
    pub recorded_to: Option<Day>,
}

impl ViolationFilter {
    pub fn question(&self, clock: &Clock) -> ViolationQuestion {
        ViolationQuestion {
            kinds: if self.kind.is_empty() {
                ViolationKind::ALL.to_vec()
            } else {
                self.kind.clone()
            },
            start: self.recorded_from.map(|day| clock.start_of(day.date())),
            end: self.recorded_to.map(|day| clock.end_of(day.date())),
        }
    }
}

/// How a table is written.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    Json,
    Csv,
}
