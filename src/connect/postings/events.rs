//! What other systems hear of postings.

use crate::platform::events::{EventType, Payload, members};
use crate::platform::http::auth::ReadPostings;

/// The events, by type.
pub const EVENTS: &[EventType] = &[
    EventType::of_customer::<ReadPostings>(
        "posting.acknowledged",
        "A general ledger has followed what began here.",
        &POSTING,
    ),
    EventType::of_customer::<ReadPostings>(
        "posting.made",
        "Something began here that a general ledger has to follow.",
        &POSTING,
    ),
];

/// What a general ledger has to follow.
const POSTING: Payload = Payload {
    name: "PostingEventData",
    within: None,
    members: members! {
        id: Id, kind: Text, settlement_id: Id or null, refund_id: Id or null, customer_id: Id, legal_entity_id: Id, invoice_id: Id or null,
        receipt_id: Id or null, credit_note_id: Id or null, amount: Money, effective_on: Date,
        acknowledged_at: Instant or null, reference: Text or null, charge_id: Id or null,
    },
};
