//! What comes in and goes out about the orders that invoices are for.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::book::receivables::actions::CancelledOrder;
use crate::book::receivables::model::Invoice;
use kernel::clock::Day;
use kernel::money::Money;
use kernel::text::Note;

/// Why an invoice is cancelled, and what becomes of its order.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "reason": "Posted to the wrong customer.", "effective_on": "2026-03-31", "restore_order": true
}))]
pub struct CancelInvoiceIn {
    pub reason: Note,
    /// The day from which it counts: from the invoice's own date to today; today when not given.
    pub effective_on: Option<Day>,
    /// Whether the order has back what the invoice took of it: what was delivered is not billed again, and the
    /// reservation holds again, or where it expired or was released, a delivery under the invoice's number. Not, when not
    /// given.
    pub restore_order: Option<bool>,
}

impl CancelInvoiceIn {
    pub fn day(&self) -> Option<NaiveDate> {
        self.effective_on.map(Day::date)
    }

    pub fn order(&self) -> CancelledOrder {
        if self.restore_order.unwrap_or(false) {
            CancelledOrder::Restored
        } else {
            CancelledOrder::Gone
        }
    }
}

/// What is odd about an invoice.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InvoiceWarning)]
pub struct InvoiceWarningOut {
    code: InvoiceWarningCode,
    /// By how much.
    amount: Money,
}

/// In which way an invoice is odd.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceWarningCode {
    /// It passes what its order had left, with the policy's tolerance.
    OrderExceeded,
}

impl InvoiceWarningOut {
    pub fn of(invoice: &Invoice) -> Vec<InvoiceWarningOut> {
        let exceeded = |minor| InvoiceWarningOut {
            code: InvoiceWarningCode::OrderExceeded,
            amount: invoice.money(minor),
        };
        invoice
            .order_excess_minor
            .map(exceeded)
            .into_iter()
            .collect()
    }
}
