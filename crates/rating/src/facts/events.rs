//! What other systems hear of facts.

use crate::platform::events::{EventType, Payload, members};
use crate::platform::http::auth::ReadFacts;

/// The events, by type.
pub const EVENTS: &[EventType] = &[EventType::of_customer::<ReadFacts>(
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
