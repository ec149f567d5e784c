//! What other systems hear of webhook endpoints.

use crate::platform::events::{EventType, Payload, members};
use crate::platform::http::auth::{ReadAccounts, ReadWebhooks};

/// The event that tries an endpoint. It is sent to that endpoint alone, whatever it wants.
pub const TESTED: &str = "webhook_endpoint.tested";

/// What a customer may still buy has changed. No entry of the trail says so: it follows from what others say, and is made up
/// when it is sent, so that it tells what is available then.
pub const AVAILABLE: &str = "account.available_changed";

/// After which events an account may have another amount available: all of them name it.
pub const MOVES: &[&str] = &[
    "additional_limit.consumed",
    "additional_limit.granted",
    "additional_limit.withdrawn",
    "credit_account.blocked",
    "credit_account.changed",
    "credit_account.limit_set",
    "credit_account.opened",
    "credit_account.reinstated",
    "credit_account.suspended",
    "credit_account.unblocked",
    "credit_note.applied",
    "credit_note.posted",
    "credit_note.reversed",
    "credit_note.unapplied",
    "exposure_entry.billed",
    "exposure_entry.set",
    "instrument.cleared",
    "instrument.dishonoured",
    "instrument.received",
    "instrument.withdrawn",
    "invoice.bought_back",
    "invoice.cancelled",
    "invoice.posted",
    "invoice.settled",
    "invoice.sold",
    "receipt.applied",
    "receipt.posted",
    "receipt.refunded",
    "receipt.reversed",
    "receipt.unapplied",
    "reservation.amended",
    "reservation.captured",
    "reservation.created",
    "reservation.expired",
    "reservation.released",
    "reservation.reopened",
];

/// The events, by type.
pub const EVENTS: &[EventType] = &[
    EventType::of_customer::<ReadAccounts>(
        AVAILABLE,
        "A credit account may have another amount available. Told to webhook endpoints alone: one message waits for each account, and tells what is available when it is sent.",
        &AVAILABLE_AMOUNT,
    ),
    EventType::of_book::<ReadWebhooks>(
        "webhook_endpoint.changed",
        "A webhook endpoint was changed.",
        &ENDPOINT,
    ),
    EventType::of_book::<ReadWebhooks>(
        "webhook_endpoint.created",
        "There is a new webhook endpoint.",
        &ENDPOINT,
    ),
    EventType::of_book::<ReadWebhooks>(
        "webhook_endpoint.disabled",
        "A webhook endpoint was switched off: by a person, or because it received nothing for long.",
        &ENDPOINT,
    ),
    EventType::of_book::<ReadWebhooks>(
        "webhook_endpoint.enabled",
        "A webhook endpoint was switched on.",
        &ENDPOINT,
    ),
    EventType::of_book::<ReadWebhooks>(
        "webhook_endpoint.removed",
        "A webhook endpoint was removed.",
        &ENDPOINT,
    ),
    EventType::of_book::<ReadWebhooks>(
        "webhook_endpoint.replayed",
        "A webhook endpoint is told again what happened since an instant.",
        &ENDPOINT,
    ),
    EventType::of_book::<ReadWebhooks>(
        "webhook_endpoint.secret_rotated",
        "A webhook endpoint has another secret.",
        &ENDPOINT,
    ),
    EventType::of_book::<ReadWebhooks>(TESTED, "A person tries a webhook endpoint.", &ENDPOINT),
];

/// What an account may still buy.
const AVAILABLE_AMOUNT: Payload = Payload {
    name: "AvailableEventData",
    within: None,
    members: members! {
        account_id: Id, currency: Text, status: Text, limit_kind: Text, available: Money or null,
    },
};

/// Where events are delivered to.
const ENDPOINT: Payload = Payload {
    name: "WebhookEndpointEventData",
    within: None,
    members: members! {
        id: Id, description: Text or null, status: Text, disabled_because: Text or null,
        changed_at: Instant,
    },
};
