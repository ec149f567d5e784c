//! What use cases and lists are asked.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::model::PostingKind;
use crate::book::customers::model::CustomerRef;
use kernel::text::Line;

/// That a ledger has followed.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reference": "FI 1900004711/2026"}))]
pub struct AcknowledgeIn {
    /// What the ledger calls it.
    pub reference: Option<Line>,
}

/// Whether a ledger has followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PostingStatus {
    Open,
    Acknowledged,
}

/// Which postings.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PostingFilter {
    /// Those that are open, or those that were acknowledged; both when not given.
    #[param(inline)]
    pub status: Option<PostingStatus>,
    #[serde(default)]
    #[param(max_items = 10)]
    pub kind: Vec<PostingKind>,
    /// Of these customers.
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer: Vec<CustomerRef>,
}
