//! What other systems hear of factoring.

use crate::platform::events::{EventType, Payload, members};
use crate::platform::http::auth::ReadFactoring;

/// The events, by type.
pub const EVENTS: &[EventType] = &[
    EventType::of_book::<ReadFactoring>(
        "factoring_agreement.ended",
        "An agreement with a factor has ended.",
        &AGREEMENT,
    ),
    EventType::of_book::<ReadFactoring>(
        "factoring_agreement.made",
        "An agreement with a factor was made.",
        &AGREEMENT,
    ),
    EventType::of_customer::<ReadFactoring>(
        "factoring_assignment.bought_back",
        "An invoice was taken back from a factor.",
        &ASSIGNMENT,
    ),
    EventType::of_customer::<ReadFactoring>(
        "factoring_assignment.made",
        "An invoice was sold or pledged.",
        &ASSIGNMENT,
    ),
];

/// An agreement with a factor.
const AGREEMENT: Payload = Payload {
    name: "FactoringAgreementEventData",
    within: None,
    members: members! {
        id: Id, number: Text, factor: Text, kind: Text, recourse: Text, notification: Text,
        valid_from: Date, valid_until: Date or null, status: Text,
    },
};

/// An invoice under an agreement with a factor.
const ASSIGNMENT: Payload = Payload {
    name: "FactoringAssignmentEventData",
    within: None,
    members: members! {
        id: Id, agreement_id: Id, invoice_id: Id, customer_id: Id, open: Money, advanced: Money,
        effect: Text, status: Text, assigned_on: Date, ended_on: Date or null,
    },
};
