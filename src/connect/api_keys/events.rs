//! What other systems hear of API keys.

use crate::platform::events::{EventType, Payload, members};
use crate::platform::http::auth::ReadApiKeys;

/// The events, by type.
pub const EVENTS: &[EventType] = &[
    EventType::of_book::<ReadApiKeys>("api_key.created", "There is a new API key.", &KEY),
    EventType::of_book::<ReadApiKeys>(
        "api_key.revoked",
        "An API key lets nobody in any more.",
        &KEY,
    ),
    EventType::of_book::<ReadApiKeys>(
        "api_key.rotated",
        "An API key was replaced by another with the same rights.",
        &KEY,
    ),
];

/// A key, without what signs in.
const KEY: Payload = Payload {
    name: "ApiKeyEventData",
    within: None,
    members: members! {
        id: Id, name: Text, role: Text, expires_at: Instant or null, revoked_at: Instant or null,
        changed_at: Instant,
    },
};
