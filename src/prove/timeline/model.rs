//! Lines of a customer's story.

use diesel::prelude::*;

use crate::platform::db::schema::timeline_entries;
use kernel::clock::Instant;
use kernel::ids::CustomerId;

/// An entry of the trail that concerns a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Insertable)]
#[diesel(table_name = timeline_entries, treat_none_as_default_value = false)]
pub struct TimelineEntry {
    pub customer_id: CustomerId,
    pub seq: i64,
}

/// A line of the story.
#[derive(Debug, Clone, Queryable)]
pub struct Line {
    pub seq: i64,
    pub at: Instant,
    pub subject: String,
    pub action: String,
    pub entity_id: String,
}
