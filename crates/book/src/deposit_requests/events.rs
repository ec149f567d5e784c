//! What other systems hear of deposit requests.

use crate::platform::events::{EventType, Payload, members};
use crate::platform::http::auth::ReadReceivables;

/// The events, by type. What is paid of a request in part is told by its receipts.
pub const EVENTS: &[EventType] = &[
    EventType::of_customer::<ReadReceivables>(
        "deposit_request.cancelled",
        "A request for money before an invoice was cancelled.",
        &DEPOSIT_REQUEST,
    ),
    EventType::of_customer::<ReadReceivables>(
        "deposit_request.paid",
        "All that a request asks for has come.",
        &DEPOSIT_REQUEST,
    ),
    EventType::of_customer::<ReadReceivables>(
        "deposit_request.posted",
        "Money is asked for before an invoice.",
        &DEPOSIT_REQUEST,
    ),
];

/// A request for money before an invoice.
const DEPOSIT_REQUEST: Payload = Payload {
    name: "DepositRequestEventData",
    within: None,
    members: members! {
        id: Id, number: Text, customer_id: Id, account_id: Id, legal_entity_id: Id,
        order_number: Text, amount: Money, request_date: Date, due_date: Date,
        label: Text or null, cancelled_on: Date or null,
    },
};
