//! What other systems hear of customers.

use crate::platform::events::{EventType, Payload, members};
use crate::platform::http::auth::ReadCustomers;

/// The events, by type.
pub const EVENTS: &[EventType] = &[
    EventType::of_customer::<ReadCustomers>(
        "customer.alias_added",
        "A source system calls a customer by a number of its own.",
        &ALIAS,
    ),
    EventType::of_customer::<ReadCustomers>(
        "customer.alias_removed",
        "A source system's number for a customer was forgotten.",
        &ALIAS,
    ),
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

/// A number that a source system has for a customer.
const ALIAS: Payload = Payload {
    name: "CustomerAliasEventData",
    within: None,
    members: members! {
        id: Id, customer_id: Id, source_system: Text, alias: Text, created_at: Instant,
    },
};

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
