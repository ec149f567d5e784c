//! What other systems hear of reservations and credit blocks.

use crate::book::exposure::events::RESERVATION;
use crate::platform::events::{EventType, Payload, members};
use crate::platform::http::auth::ReadChecks;

/// The events, by type.
pub const EVENTS: &[EventType] = &[
    EventType::of_customer::<ReadChecks>(
        "credit_block.assigned",
        "Somebody takes care of an order that waits for credit.",
        &CREDIT_BLOCK,
    ),
    EventType::of_customer::<ReadChecks>(
        "credit_block.auto_released",
        "An order that waited was released, because there is credit now.",
        &CREDIT_BLOCK,
    ),
    EventType::of_customer::<ReadChecks>(
        "credit_block.opened",
        "An order waits for credit.",
        &CREDIT_BLOCK,
    ),
    EventType::of_customer::<ReadChecks>(
        "credit_block.rejected",
        "An order that waited was rejected.",
        &CREDIT_BLOCK,
    ),
    EventType::of_customer::<ReadChecks>(
        "credit_block.release_requested",
        "Sales asks for the release of an order that waits.",
        &CREDIT_BLOCK,
    ),
    EventType::of_customer::<ReadChecks>(
        "credit_block.released",
        "A person has released an order that waited.",
        &CREDIT_BLOCK,
    ),
    EventType::of_customer::<ReadChecks>(
        "credit_block.withdrawn",
        "An order waits no longer, because it was given up.",
        &CREDIT_BLOCK,
    ),
    EventType::of_customer::<ReadChecks>(
        "reservation.amended",
        "A reservation has another amount.",
        &RESERVATION,
    ),
    EventType::of_customer::<ReadChecks>(
        "reservation.created",
        "Credit was reserved.",
        &RESERVATION,
    ),
    EventType::of_customer::<ReadChecks>(
        "reservation.extended",
        "A reservation holds longer.",
        &RESERVATION,
    ),
    EventType::of_customer::<ReadChecks>(
        "reservation.released",
        "A reservation was given up.",
        &RESERVATION,
    ),
];

/// An order that waits for credit.
const CREDIT_BLOCK: Payload = Payload {
    name: "CreditBlockEventData",
    within: None,
    members: members! {
        id: Id, check_id: Id, account_id: Id, customer_id: Id, legal_entity_id: Id,
        order_number: Text, purpose: Text, amount: Money, status: Text, opened_at: Instant,
        decided_at: Instant or null, decision_reason: Text or null, ceiling: Money or null,
        release_valid_until: Date or null, reservation_id: Id or null,
    },
};
