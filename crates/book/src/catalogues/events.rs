//! What other systems hear of catalogues.

use crate::platform::events::{EventType, Payload, members};
use crate::platform::http::auth::ReadCatalogues;

/// The events, by type.
pub const EVENTS: &[EventType] = &[
    EventType::of_book::<ReadCatalogues>(
        "catalogue.changed",
        "A version of a catalogue was changed as a draft.",
        &CATALOGUE,
    ),
    EventType::of_book::<ReadCatalogues>(
        "catalogue.drafted",
        "A version of a catalogue was drafted.",
        &CATALOGUE,
    ),
    EventType::of_book::<ReadCatalogues>(
        "catalogue.live",
        "A version of a catalogue is live.",
        &CATALOGUE,
    ),
    EventType::of_book::<ReadCatalogues>(
        "catalogue.retired",
        "A version of a catalogue holds no longer.",
        &CATALOGUE,
    ),
];

/// What nobody else hears of: versions of this kind have no such stage.
pub const INTERNAL: &[&str] = &["catalogue.approved", "catalogue.in_shadow"];

/// A version of a catalogue.
const CATALOGUE: Payload = Payload {
    name: "CatalogueEventData",
    within: None,
    members: members! {
        id: Id, code: Text, catalogue_version: Integer, status: Text, reason: Text,
        created_at: Instant, live_at: Instant or null, retired_at: Instant or null,
    },
};
