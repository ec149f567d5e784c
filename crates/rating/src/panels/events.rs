//! What other systems hear of panels of experts.

use crate::platform::events::{EventType, Payload, members};
use crate::platform::http::auth::ReadPanels;

/// The events, by type.
pub const EVENTS: &[EventType] = &[
    EventType::of_customer::<ReadPanels>(
        "expert_panel.cancelled",
        "A panel of experts was given up.",
        &PANEL,
    ),
    EventType::of_customer::<ReadPanels>(
        "expert_panel.concluded",
        "A panel of experts has come to a conclusion.",
        &PANEL,
    ),
    EventType::of_customer::<ReadPanels>(
        "expert_panel.convened",
        "A panel of experts was convened.",
        &ROUND,
    ),
    EventType::of_customer::<ReadPanels>(
        "expert_panel.round_closed",
        "A round of a panel of experts was closed.",
        &ROUND,
    ),
    EventType::of_customer::<ReadPanels>(
        "expert_panel.round_opened",
        "A panel of experts has another round.",
        &PANEL,
    ),
];

/// What nobody else hears of: what one expert says is for the panel alone.
pub const INTERNAL: &[&str] = &["expert_panel.opinion_given"];

/// A panel of experts on a customer.
const PANEL: Payload = Payload {
    name: "ExpertPanelEventData",
    within: None,
    members: members! {
        id: Id, customer_id: Id, status: Text, round: Integer, convened_at: Instant,
        ended_at: Instant or null,
    },
};

/// A panel, told together with its experts or with what a round came to.
const ROUND: Payload = Payload {
    within: Some("panel"),
    ..PANEL
};
