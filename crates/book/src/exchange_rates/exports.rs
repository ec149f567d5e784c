//! What can be taken away of the room's tables.

use crate::platform::exports::{DayOf, ExportTable, Readers, day, id, instant, rate, text};
use crate::platform::http::auth::ReadExchangeRates;
use kernel::ids::ExchangeRate;

/// In [`super::ROOM`].
pub const EXPORTS: &[ExportTable] = &[ExportTable {
    name: "exchange_rates",
    description: "Exchange rates, by pair and day.",
    table: "exchange_rates",
    fields: &[
        id::<ExchangeRate>("id"),
        text("base_currency"),
        text("quote_currency"),
        rate("rate"),
        day("rate_date"),
        text("source"),
        text("set_by"),
        instant("set_at"),
    ],
    joins: &[],
    order: &["id"],
    day: Some(DayOf::Day("rate_date")),
    readers: Readers::of::<ReadExchangeRates>(),
    left_out: &[],
}];
