//! What lists are asked.

use serde::Deserialize;
use utoipa::IntoParams;

use crate::book::customers::model::CustomerRef;
use kernel::clock::Instant;
use kernel::text::Keyword;

/// Which events.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventFilter {
    /// Those of these types, such as `invoice.posted`.
    #[serde(default)]
    #[param(max_items = 100)]
    pub r#type: Vec<Keyword>,
    /// Those about these resources, by id.
    #[serde(default)]
    #[param(max_items = 100)]
    pub resource_id: Vec<Keyword>,
    /// Those that concern these customers, by id or number.
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer: Vec<CustomerRef>,
    /// Those from this instant on. The log is read from its beginning without it.
    pub at_from: Option<Instant>,
}
