//! What other systems hear of deadlines.

use crate::platform::events::{EventType, Payload, members};
use crate::platform::http::auth::ReadDeadlines;

/// The events, by type.
pub const EVENTS: &[EventType] = &[
    EventType::of_customer::<ReadDeadlines>(
        "deadline.met",
        "What a deadline asks for was done in time.",
        &DEADLINE,
    ),
    EventType::of_customer::<ReadDeadlines>("deadline.missed", "A deadline has passed.", &DEADLINE),
    EventType::of_customer::<ReadDeadlines>("deadline.set", "There is a new deadline.", &DEADLINE),
    EventType::of_customer::<ReadDeadlines>(
        "deadline.withdrawn",
        "Nothing more is to be done for a deadline.",
        &DEADLINE,
    ),
];

/// By when something must be done about a customer.
const DEADLINE: Payload = Payload {
    name: "DeadlineEventData",
    within: None,
    members: members! {
        id: Id, kind: Text, subject_kind: Text, subject_id: Id, customer_id: Id, due_on: Date,
        status: Text, done_on: Date or null,
    },
};
