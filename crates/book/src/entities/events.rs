//! What other systems hear of legal entities.

use crate::platform::events::{EventType, Payload, members};
use crate::platform::http::auth::ReadEntities;

/// The events, by type.
pub const EVENTS: &[EventType] = &[
    EventType::of_book::<ReadEntities>(
        "legal_entity.changed",
        "A legal entity was changed.",
        &ENTITY,
    ),
    EventType::of_book::<ReadEntities>(
        "legal_entity.created",
        "A legal entity is in the book.",
        &ENTITY,
    ),
];

/// A company that sells.
const ENTITY: Payload = Payload {
    name: "LegalEntityEventData",
    within: None,
    members: members! {
        id: Id, number: Text, name: Text, country: Text or null, functional_currency: Text or null,
        ledger: Text, vat_id: Text or null, changed_at: Instant,
    },
};
