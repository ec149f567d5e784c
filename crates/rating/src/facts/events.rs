//! What other systems hear of facts.

use crate::platform::events::{EventType, Payload, members};
use crate::platform::http::auth::ReadPortfolioCaps;

/// The events, by type. Sales read what they said themselves alone, and hear of nothing: an event does not know who said it.
pub const EVENTS: &[EventType] = &[EventType::of_customer::<ReadPortfolioCaps>(
    "customer_fact.recorded",
    "Something is known of a customer.",
    &FACT,
)];

/// Something that is known of a customer.
const FACT: Payload = Payload {
    name: "CustomerFactEventData",
    within: None,
    members: members! {
        id: Id, customer_id: Id, indicator: Text, source: Text, as_of: Date, expires_on: Date,
    },
};
