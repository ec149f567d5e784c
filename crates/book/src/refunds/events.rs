//! What other systems hear of refunds.

use crate::platform::events::{EventType, Payload, members};
use crate::platform::http::auth::ReadReceivables;

/// The events, by type.
pub const EVENTS: &[EventType] = &[
    EventType::of_customer::<ReadReceivables>("refund.approved", "A refund was approved.", &REFUND),
    EventType::of_customer::<ReadReceivables>(
        "refund.cancelled",
        "A refund was cancelled.",
        &REFUND,
    ),
    EventType::of_customer::<ReadReceivables>("refund.paid", "A refund was paid.", &REFUND),
    EventType::of_customer::<ReadReceivables>("refund.rejected", "A refund was rejected.", &REFUND),
    EventType::of_customer::<ReadReceivables>(
        "refund.requested",
        "A refund was asked for.",
        &REFUND,
    ),
];

/// Money that is given back.
const REFUND: Payload = Payload {
    name: "RefundEventData",
    within: None,
    members: members! {
        id: Id, receipt_id: Id, customer_id: Id, amount: Money, status: Text, reason: Text,
        requested_at: Instant, decided_at: Instant or null, paid_on: Date or null,
        payment_reference: Text or null,
    },
};
