//! What other systems hear of imports.

use crate::platform::events::{EventType, Payload, members};
use crate::platform::http::auth::ImportFiles;

/// The events, by type.
pub const EVENTS: &[EventType] = &[EventType::of_book::<ImportFiles>(
    "import_feed.taken_over",
    "The book was brought to the state of a file.",
    &FEED,
)];

/// How far a kind of file has brought the book.
const FEED: Payload = Payload {
    name: "ImportFeedEventData",
    within: None,
    members: members! {
        kind: Text, legal_entity_id: Id, ledger_as_of: Date or null, stated: Integer,
        missing: Integer, taken_at: Instant,
    },
};
