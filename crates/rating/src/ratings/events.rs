//! What other systems hear of ratings.

use crate::platform::events::{EventType, Payload, members};
use crate::platform::http::auth::ReadRatings;

/// The events, by type.
pub const EVENTS: &[EventType] = &[
    EventType::of_customer::<ReadRatings>("rating.made", "A customer was rated.", &RATING),
    EventType::of_customer::<ReadRatings>(
        "rating.overridden",
        "A person has set another grade.",
        &RATING,
    ),
];

/// A rating of a customer.
const RATING: Payload = Payload {
    name: "RatingEventData",
    within: None,
    members: members! {
        customer_id: Id, grade: Text, override_grade: Text or null, override_until: Date or null,
        model_id: Id, cause: Text, review_on: Date or null,
    },
};
