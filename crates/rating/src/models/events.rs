//! What other systems hear of rating models.

use crate::platform::events::{EventType, Payload, members};
use crate::platform::http::auth::ReadModels;

/// The events, by type.
pub const EVENTS: &[EventType] = &[
    EventType::of_book::<ReadModels>(
        "rating_model.approved",
        "A rating model was approved.",
        &MODEL,
    ),
    EventType::of_book::<ReadModels>(
        "rating_model.changed",
        "A draft of a rating model was changed.",
        &MODEL,
    ),
    EventType::of_book::<ReadModels>(
        "rating_model.drafted",
        "A rating model was drafted.",
        &MODEL,
    ),
    EventType::of_book::<ReadModels>(
        "rating_model.fitted",
        "A rating model was fitted to data.",
        &MODEL,
    ),
    EventType::of_book::<ReadModels>(
        "rating_model.in_shadow",
        "A rating model is tried beside the live one.",
        &MODEL,
    ),
    EventType::of_book::<ReadModels>("rating_model.live", "A rating model is live.", &MODEL),
    EventType::of_book::<ReadModels>(
        "rating_model.retired",
        "A rating model holds no longer.",
        &MODEL,
    ),
];

/// A version of a rating model.
const MODEL: Payload = Payload {
    name: "RatingModelEventData",
    within: None,
    members: members! {
        id: Id, code: Text, model_version: Integer, name: Text, kind: Text, status: Text,
        reason: Text, created_at: Instant, live_at: Instant or null, retired_at: Instant or null,
    },
};
