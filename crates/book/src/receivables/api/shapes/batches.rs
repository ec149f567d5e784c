//! What became of many documents.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::platform::http::problem::ProblemOut;
use kernel::ids::{CreditNoteId, InvoiceId};
use kernel::text::Number;

/// How a batch is posted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BatchQuery {
    /// Post all or none; when not given, each for itself.
    pub atomic: Option<bool>,
}

/// What became of each item of a batch, in order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InvoiceBatch, example = json!({"results": [
    {"number": "I-2026-0001", "status": 201, "id": "inv_01k00000000000000000000001", "problem": null}
]}))]
pub struct InvoiceBatchOut {
    #[schema(max_items = 500)]
    pub results: Vec<ItemOut>,
}

/// What became of one item.
#[derive(Debug, Serialize, ToSchema)]
pub struct ItemOut {
    pub number: Number,
    /// 201, or the status of its problem.
    #[schema(minimum = 201, maximum = 503)]
    pub status: u16,
    /// The invoice; null when it was refused.
    pub id: Option<InvoiceId>,
    /// Why it was refused; its pointers lead into the whole body.
    #[schema(value_type = Option<ProblemOut>)]
    pub problem: Option<serde_json::Value>,
}

/// What became of each credit note of a batch, in order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreditNoteBatch, example = json!({"results": [
    {"number": "CN-2026-0001", "status": 201, "id": "crn_01k00000000000000000000001", "problem": null}
]}))]
pub struct CreditNoteBatchOut {
    #[schema(max_items = 500)]
    pub results: Vec<CreditNoteItemOut>,
}

/// What became of one credit note.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreditNoteItemOut {
    pub number: Number,
    /// 201, or the status of its problem.
    #[schema(minimum = 201, maximum = 503)]
    pub status: u16,
    /// The credit note; null when it was refused.
    pub id: Option<CreditNoteId>,
    /// Why it was refused; its pointers lead into the whole body.
    #[schema(value_type = Option<ProblemOut>)]
    pub problem: Option<serde_json::Value>,
}
