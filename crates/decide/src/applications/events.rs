//! What other systems hear of credit applications.

use crate::platform::events::{EventType, Payload, members};
use crate::platform::http::auth::ReadApplications;

/// The events, by type.
pub const EVENTS: &[EventType] = &[
    EventType::of_customer::<ReadApplications>(
        "application.appealed",
        "A declined credit application is appealed.",
        &APPLICATION,
    ),
    EventType::of_customer::<ReadApplications>(
        "application.approved",
        "A credit application was approved.",
        &APPLICATION,
    ),
    EventType::of_customer::<ReadApplications>(
        "application.approved_straight_through",
        "A credit application was approved by rule.",
        &APPLICATION,
    ),
    EventType::of_customer::<ReadApplications>(
        "application.assessed",
        "A credit application was assessed.",
        &APPLICATION,
    ),
    EventType::of_customer::<ReadApplications>(
        "application.changed",
        "A draft of a credit application was changed.",
        &APPLICATION,
    ),
    EventType::of_customer::<ReadApplications>(
        "application.conditions_fulfilled",
        "The conditions of an approval are fulfilled.",
        &APPLICATION,
    ),
    EventType::of_customer::<ReadApplications>(
        "application.declined",
        "A credit application was declined.",
        &APPLICATION,
    ),
    EventType::of_customer::<ReadApplications>(
        "application.drafted",
        "A credit application was drafted.",
        &APPLICATION,
    ),
    EventType::of_customer::<ReadApplications>(
        "application.expired",
        "A credit application has expired.",
        &APPLICATION,
    ),
    EventType::of_customer::<ReadApplications>(
        "application.information_provided",
        "What was asked about a credit application was answered.",
        &APPLICATION,
    ),
    EventType::of_customer::<ReadApplications>(
        "application.information_requested",
        "More must be known for a credit application.",
        &APPLICATION,
    ),
    EventType::of_customer::<ReadApplications>(
        "application.recommended",
        "A decision on a credit application was recommended.",
        &APPLICATION,
    ),
    EventType::of_customer::<ReadApplications>(
        "application.review_started",
        "A credit application is being reviewed.",
        &APPLICATION,
    ),
    EventType::of_customer::<ReadApplications>(
        "application.submitted",
        "A credit application was submitted.",
        &APPLICATION,
    ),
    EventType::of_customer::<ReadApplications>(
        "application.withdrawn",
        "A credit application was withdrawn.",
        &APPLICATION,
    ),
];

/// A credit application.
const APPLICATION: Payload = Payload {
    name: "ApplicationEventData",
    within: None,
    members: members! {
        id: Id, customer_id: Id, account_id: Id, scope: Text, status: Text, requested_limit: Money,
        requested_net_days: Integer, deadline: Date or null, submitted_at: Instant or null,
        decided_at: Instant or null,
    },
};
