//! Exchange rates as they are stored.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::platform::db::schema::exchange_rates;
use kernel::clock::Instant;
use kernel::ids::ExchangeRateId;
use kernel::money::Currency;
use kernel::rates::Rate;
use kernel::text::{Source, Subject};

/// A rate that was set: one unit of the base currency is `rate` units of the quote currency. Never changed; of those
/// for one pair and day the one set last holds, which is the one with the highest id.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Queryable, Selectable, Insertable,
)]
#[diesel(table_name = exchange_rates, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct ExchangeRate {
    pub id: ExchangeRateId,
    pub base_currency: Currency,
    pub quote_currency: Currency,
    pub rate: Rate,
    /// The day from which it holds.
    pub rate_date: NaiveDate,
    /// Who published it.
    pub source: Source,
    pub set_by: Subject,
    pub set_at: Instant,
}

/// A rate to be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRate {
    pub base_currency: Currency,
    pub quote_currency: Currency,
    pub rate: Rate,
    pub rate_date: NaiveDate,
    pub source: Source,
}

/// What only one rate holds for: base currency, quote currency and day.
pub type RateKey = (Currency, Currency, NaiveDate);

impl NewRate {
    pub const fn key(&self) -> RateKey {
        (self.base_currency, self.quote_currency, self.rate_date)
    }

    /// Whether `held`, of the same pair and day, says the same already.
    pub fn is_same(&self, held: &ExchangeRate) -> bool {
        self.rate == held.rate && self.source == held.source
    }
}
