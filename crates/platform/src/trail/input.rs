//! What use cases and lists are asked.

use serde::Deserialize;
use utoipa::IntoParams;

use kernel::clock::Instant;
use kernel::text::{Keyword, Subject};

/// Which entries of the trail.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TrailFilter {
    /// Entries on these things, by id.
    #[serde(default)]
    #[param(max_items = 100)]
    pub entity_id: Vec<Keyword>,
    /// Entries by these subjects.
    #[serde(default)]
    #[param(max_items = 100)]
    pub subject: Vec<Subject>,
    /// Entries of these actions, such as `customer.created`.
    #[serde(default)]
    #[param(max_items = 100)]
    pub action: Vec<Keyword>,
    /// Entries from this instant on.
    pub at_from: Option<Instant>,
    /// Entries before this instant.
    pub at_to: Option<Instant>,
}
