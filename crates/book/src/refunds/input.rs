//! What use cases and lists are asked.

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::model::RefundStatus;
use crate::book::customers::model::CustomerRef;
use kernel::clock::Day;
use kernel::ids::ReceiptId;
use kernel::money::PositiveIn;
use kernel::text::{Line, Note};

/// A refund to be requested.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "receipt_id": "rcp_01k00000000000000000000001", "amount": {"amount": "200.00", "currency": "CNY"},
    "reason": "Invoice I-2026-0001 was paid twice."
}))]
pub struct RefundIn {
    /// The receipt of which the money is given back.
    pub receipt_id: ReceiptId,
    /// At most what it has left.
    pub amount: PositiveIn,
    pub reason: Note,
}

/// That a refund was paid.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"paid_on": "2026-04-15", "reference": "SEPA 2026-0415-17"}))]
pub struct PayRefundIn {
    /// Not in the future, and not before it was approved.
    pub paid_on: Day,
    /// What the bank or the ERP calls the payment.
    pub reference: Option<Line>,
}

/// Which refunds, the newest first.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RefundFilter {
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<RefundStatus>,
    /// To these customers.
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer: Vec<CustomerRef>,
    /// Of these receipts.
    #[serde(default)]
    #[param(max_items = 100)]
    pub receipt_id: Vec<ReceiptId>,
}
