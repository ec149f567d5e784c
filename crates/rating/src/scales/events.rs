//! What other systems hear of grade scales.

use crate::platform::events::{EventType, Payload, members};
use crate::platform::http::auth::ReadScales;

/// The events, by type.
pub const EVENTS: &[EventType] = &[
    EventType::of_book::<ReadScales>(
        "grade_scale.changed",
        "A grade scale was changed as a draft.",
        &SCALE,
    ),
    EventType::of_book::<ReadScales>("grade_scale.drafted", "A grade scale was drafted.", &SCALE),
    EventType::of_book::<ReadScales>("grade_scale.live", "A grade scale is live.", &SCALE),
    EventType::of_book::<ReadScales>(
        "grade_scale.retired",
        "A grade scale holds no longer.",
        &SCALE,
    ),
];

/// What nobody else hears of: versions of this kind have no such stage.
pub const INTERNAL: &[&str] = &["grade_scale.approved", "grade_scale.in_shadow"];

/// A version of the grade scale.
const SCALE: Payload = Payload {
    name: "GradeScaleEventData",
    within: None,
    members: members! {
        id: Id, scale_version: Integer, status: Text, reason: Text, created_at: Instant,
        live_at: Instant or null, retired_at: Instant or null,
    },
};
