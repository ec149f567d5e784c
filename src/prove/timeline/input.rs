//! What is asked of a story.

use serde::Deserialize;
use utoipa::IntoParams;

use kernel::clock::Instant;
use kernel::text::Keyword;

/// Which lines.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TimelineFilter {
    /// Those of these types of events, such as `invoice.posted`.
    #[serde(default)]
    #[param(max_items = 100)]
    pub r#type: Vec<Keyword>,
    /// Those from this instant on.
    pub at_from: Option<Instant>,
    /// Those before this instant.
    pub at_to: Option<Instant>,
}
