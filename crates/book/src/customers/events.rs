//! What other systems hear of customers.

use crate::platform::events::{EventType, Payload, members};
use crate::platform::http::auth::ReadCustomers;

/// The events, by type.
pub const EVENTS: &[EventType] = &[
    EventType::of_customer::<ReadCustomers>(
        "customer.changed",
        "A customer's file was changed.",
        &CUSTOMER,
    ),
    EventType::of_customer::<ReadCustomers>(
        "customer.created",
        "A customer is in the book.",
        &CUSTOMER,
    ),
    EventType::of_customer::<ReadCustomers>(
        "customer.legal_status_set",
        "The law has come in on a customer, or gone.",
        &CUSTOMER,
    ),
];

/// A customer.
pub const CUSTOMER: Payload = Payload {
    name: "CustomerEventData",
    within: None,
    members: members! {
        id: Id, number: Text, name: Text, country: Text, industry: Text or null, language: Text,
        owner: Text or null, legal_status: Text, legal_status_since: Date or null,
        created_at: Instant, changed_at: Instant,
    },
};
