//! What other systems hear of industries.

use crate::platform::events::{EventType, Payload, members};
use crate::platform::http::auth::ReadIndicators;

/// The events, by type.
pub const EVENTS: &[EventType] = &[EventType::of_book::<ReadIndicators>(
    "industry.set",
    "Something is known of an industry.",
    &INDUSTRY,
)];

/// What is known of an industry.
const INDUSTRY: Payload = Payload {
    name: "IndustryEventData",
    within: None,
    members: members! {
        id: Id, code: Text, industry_version: Integer, risk_class: Integer or null, as_of: Date,
    },
};
