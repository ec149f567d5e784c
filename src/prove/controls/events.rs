//! What other systems hear of controls.

use crate::platform::events::{EventType, Payload, members};
use crate::platform::http::auth::ReadControls;

/// The events, by type.
pub const EVENTS: &[EventType] = &[
    EventType::of_book::<ReadControls>(
        "control_run.finished",
        "The controls were tested over a period.",
        &RUN,
    ),
    EventType::of_book::<ReadControls>(
        "control_run.signed_off",
        "Another person has signed off what the controls found.",
        &RUN,
    ),
    EventType::of_book::<ReadControls>(
        "control_run.started",
        "A test of the controls has begun.",
        &RUN,
    ),
];

/// A run of the controls.
const RUN: Payload = Payload {
    name: "ControlRunEventData",
    within: None,
    members: members! {
        id: Id, period_from: Date, period_to: Date, job_id: Id, started_by: Text, started_at: Instant,
        finished_at: Instant or null, signed_off_by: Text or null, signed_off_at: Instant or null,
    },
};
