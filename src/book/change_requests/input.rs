//! What use cases and lists are asked.

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::model::{ChangeKind, ChangeStatus};
use kernel::text::{Line, Note, Subject};

/// A change to be proposed.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "kind": "customer_parent", "target": "C-1001", "after": {"parent_customer": "C-1000"},
    "reason": "Bought by Jiangnan Holding in March."
}))]
pub struct ChangeRequestIn {
    pub kind: ChangeKind,
    /// What is to change, by its id or number: for `customer_parent` the customer.
    pub target: Line,
    /// What it is to become. For `customer_parent`: `parent_customer`, the id or number of the head of the group, or null
    /// for none.
    #[schema(value_type = Object)]
    pub after: serde_json::Value,
    /// Why it is to change.
    pub reason: Note,
}

/// Which change requests.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChangeRequestFilter {
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<ChangeStatus>,
    #[serde(default)]
    #[param(max_items = 10)]
    pub kind: Vec<ChangeKind>,
    /// Requests about this, by its id or number.
    pub target: Option<Line>,
    /// Requests of these people.
    #[serde(default)]
    #[param(max_items = 100)]
    pub proposed_by: Vec<Subject>,
}
