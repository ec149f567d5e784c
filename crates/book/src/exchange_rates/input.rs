//! What use cases and lists are asked.

use std::borrow::Cow;

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::{Validate, ValidationError};

use super::model::NewRate;
use kernel::clock::Day;
use kernel::money::Currency;
use kernel::rates::Rate;
use kernel::text::Source;

/// An exchange rate to be set.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "two_currencies"))]
#[schema(example = json!({
    "base_currency": "EUR", "quote_currency": "CNY", "rate": "7.7748", "rate_date": "2024-06-28", "source": "ECB"
}))]
pub struct ExchangeRateIn {
    /// One unit of this currency …
    pub base_currency: Currency,
    /// … is `rate` units of this one, which is another.
    pub quote_currency: Currency,
    pub rate: Rate,
    /// The day from which it holds; not in the future.
    pub rate_date: Day,
    /// Who published it.
    pub source: Source,
}

impl ExchangeRateIn {
    pub fn new_rate(&self) -> NewRate {
        NewRate {
            base_currency: self.base_currency,
            quote_currency: self.quote_currency,
            rate: self.rate,
            rate_date: self.rate_date.date(),
            source: self.source.clone(),
        }
    }
}

fn two_currencies(rate: &ExchangeRateIn) -> Result<(), ValidationError> {
    if rate.base_currency == rate.quote_currency {
        let message = "base_currency and quote_currency must not be the same";
        return Err(ValidationError::new("same_currency").with_message(Cow::Borrowed(message)));
    }
    Ok(())
}

/// Which exchange rates.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExchangeRateFilter {
    #[serde(default)]
    #[param(max_items = 100)]
    pub base_currency: Vec<Currency>,
    #[serde(default)]
    #[param(max_items = 100)]
    pub quote_currency: Vec<Currency>,
    /// Of this day or later.
    pub rate_date_from: Option<Day>,
    /// Of this day or earlier.
    pub rate_date_to: Option<Day>,
    /// Published by these.
    #[serde(default)]
    #[param(max_items = 100)]
    pub source: Vec<Source>,
}
