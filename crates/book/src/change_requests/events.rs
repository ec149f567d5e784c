//! What other systems hear of change requests.

use crate::platform::events::{EventType, Payload, members};
use crate::platform::http::auth::ReadChangeRequests;

/// The events, by type.
pub const EVENTS: &[EventType] = &[
    EventType::of_customer::<ReadChangeRequests>(
        "change_request.applied",
        "A change was approved and made.",
        &REQUEST,
    ),
    EventType::of_customer::<ReadChangeRequests>(
        "change_request.partly_applied",
        "Some of a change was made.",
        &REQUEST,
    ),
    EventType::of_customer::<ReadChangeRequests>(
        "change_request.proposed",
        "A change was proposed.",
        &REQUEST,
    ),
    EventType::of_customer::<ReadChangeRequests>(
        "change_request.rejected",
        "A change was rejected.",
        &REQUEST,
    ),
    EventType::of_customer::<ReadChangeRequests>(
        "change_request.stale",
        "A change could not be made: things had changed meanwhile.",
        &REQUEST,
    ),
    EventType::of_customer::<ReadChangeRequests>(
        "change_request.withdrawn",
        "A proposed change was withdrawn.",
        &REQUEST,
    ),
];

/// A change that one person proposes and another decides.
const REQUEST: Payload = Payload {
    name: "ChangeRequestEventData",
    within: None,
    members: members! {
        id: Id, kind: Text, status: Text, reason: Text, proposed_at: Instant,
        decided_at: Instant or null,
    },
};
