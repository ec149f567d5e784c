//! What other systems hear of credit policies.

use crate::platform::events::{EventType, Payload, members};
use crate::platform::http::auth::ReadPolicies;

/// The events, by type.
pub const EVENTS: &[EventType] = &[
    EventType::of_book::<ReadPolicies>(
        "policy.changed",
        "A credit policy was changed as a draft.",
        &POLICY,
    ),
    EventType::of_book::<ReadPolicies>("policy.drafted", "A credit policy was drafted.", &POLICY),
    EventType::of_book::<ReadPolicies>("policy.live", "A credit policy is live.", &POLICY),
    EventType::of_book::<ReadPolicies>(
        "policy.retired",
        "A credit policy holds no longer.",
        &POLICY,
    ),
];

/// What nobody else hears of: versions of this kind have no such stage.
pub const INTERNAL: &[&str] = &["policy.approved", "policy.in_shadow"];

/// A version of the credit policy.
const POLICY: Payload = Payload {
    name: "PolicyEventData",
    within: None,
    members: members! {
        id: Id, policy_version: Integer, status: Text, reason: Text, created_at: Instant,
        live_at: Instant or null, retired_at: Instant or null,
    },
};
