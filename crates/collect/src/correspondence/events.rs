//! What other systems hear of what is sent to customers.

use crate::platform::events::{EventType, Payload, members};
use crate::platform::http::auth::ReadMessages;

/// The events, by type.
pub const EVENTS: &[EventType] = &[
    EventType::of_customer::<ReadMessages>(
        "message.bounced",
        "A message to a customer was refused, or came back.",
        &MESSAGE,
    ),
    EventType::of_customer::<ReadMessages>(
        "message.cancelled",
        "A message to a customer is not sent.",
        &MESSAGE,
    ),
    EventType::of_customer::<ReadMessages>(
        "message.delivered",
        "A message is known to have arrived at a customer.",
        &MESSAGE,
    ),
    EventType::of_customer::<ReadMessages>(
        "message.failed",
        "A message to a customer could not be sent.",
        &MESSAGE,
    ),
    EventType::of_customer::<ReadMessages>(
        "message.queued",
        "A message to a customer waits to be sent.",
        &MESSAGE,
    ),
    EventType::of_customer::<ReadMessages>(
        "message.sent",
        "A message was sent to a customer.",
        &MESSAGE,
    ),
];

/// Something that is sent to a customer.
const MESSAGE: Payload = Payload {
    name: "MessageEventData",
    within: None,
    members: members! {
        id: Id, customer_id: Id, legal_entity_id: Id, kind: Text, about_id: Text, channel: Text,
        status: Text, status_reason: Text or null, sha256: Text, created_at: Instant,
        sent_at: Instant or null, ended_at: Instant or null,
    },
};
