//! Ratings.

use chrono::NaiveDate;

use crate::kernel::clock::Instant;
use crate::kernel::ids::RatingId;

/// The rating that holds for a customer, for other rooms.
#[derive(Debug, Clone, PartialEq)]
pub struct CurrentRating {
    pub id: RatingId,
    pub grade: String,
    pub rated_at: Instant,
    /// The first day on which the rating is too old to rely on.
    pub stale_at: NaiveDate,
}
