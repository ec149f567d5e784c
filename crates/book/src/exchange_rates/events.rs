//! What other systems hear of exchange rates.

use crate::platform::events::{EventType, Payload, members};
use crate::platform::http::auth::ReadExchangeRates;

/// The events, by type.
pub const EVENTS: &[EventType] = &[EventType::of_book::<ReadExchangeRates>(
    "exchange_rate.set",
    "An exchange rate was set.",
    &RATE,
)];

/// An exchange rate of a day.
const RATE: Payload = Payload {
    name: "ExchangeRateEventData",
    within: None,
    members: members! {
        id: Id, base_currency: Text, quote_currency: Text, rate: Text, rate_date: Date, source: Text,
        set_at: Instant,
    },
};
