//! What use cases and lists are asked.

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::{Validate, ValidationError};

use super::model::{ANSWER_MAX, NewFact, value_schema};
use kernel::clock::Day;
use kernel::text::{Keyword, Note, Source};
use methods::scoring::Value;

/// What you know of a customer.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CustomerFactIn, example = json!({
    "indicator": "MARKET_SHARE", "value": 0.12, "source": "Trade association", "as_of": "2026-03-31",
    "expires_on": "2027-03-31", "note": "Of the Yangtze delta."
}))]
pub struct FactIn {
    /// The indicator's code.
    pub indicator: Keyword,
    #[schema(schema_with = value_schema)]
    #[validate(custom(function = "is_value"))]
    pub value: Value,
    /// Where you have it from.
    pub source: Source,
    /// The day for which it holds; not in the future.
    pub as_of: Day,
    /// The last day on which it is used: not before `as_of`; a year after it when not given.
    pub expires_on: Option<Day>,
    pub note: Option<Note>,
}

/// What the request alone shows to be wrong.
///
/// # Errors
/// When it is no number that is used, and no answer that is short enough.
pub fn is_value(value: &Value) -> Result<(), ValidationError> {
    let fits = match value {
        Value::Number(number) => (-1e15..=1e15).contains(number),
        Value::Answer(answer) => (1..=ANSWER_MAX).contains(&answer.chars().count()),
    };
    if fits {
        return Ok(());
    }
    let message = "must be a number from -10^15 to 10^15, or an answer of 1 to 64 characters";
    Err(ValidationError::new("value").with_message(message.into()))
}

impl FactIn {
    pub fn new_fact(&self) -> NewFact {
        NewFact {
            indicator: self.indicator.to_string(),
            value: self.value.clone(),
            source: self.source.clone(),
            as_of: self.as_of.date(),
            expires_on: self.expires_on.map(Day::date),
            note: self.note.clone(),
            panel_id: None,
        }
    }
}

/// Which facts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FactFilter {
    /// About these indicators.
    #[serde(default)]
    #[param(max_items = 100)]
    pub indicator: Vec<Keyword>,
}
