//! What other systems hear of periods.

use crate::platform::events::{EventType, Payload, members};
use crate::platform::http::auth::ReadPeriods;

/// The events, by type.
pub const EVENTS: &[EventType] = &[
    EventType::of_book::<ReadPeriods>(
        "period.changed",
        "The days of a period were changed.",
        &PERIOD,
    ),
    EventType::of_book::<ReadPeriods>("period.closed", "A period was closed.", &PERIOD),
    EventType::of_book::<ReadPeriods>("period.created", "There is a new period.", &PERIOD),
    EventType::of_book::<ReadPeriods>("period.reopened", "A closed period is open again.", &PERIOD),
    EventType::of_book::<ReadPeriods>(
        "period.violated",
        "Something was recorded in a closed period.",
        &VIOLATION,
    ),
];

/// Some days of a legal entity's books.
const PERIOD: Payload = Payload {
    name: "PeriodEventData",
    within: None,
    members: members! {
        id: Id, legal_entity_id: Id, code: Text, first_day: Date, last_day: Date, status: Text,
        changed_at: Instant,
    },
};

/// Something recorded in a closed period.
const VIOLATION: Payload = Payload {
    name: "PeriodViolationEventData",
    within: None,
    members: members! {
        id: Id, period_id: Id, document_id: Id, day: Date,
    },
};
