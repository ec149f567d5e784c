//! What comes in and goes out about the orders that invoices are for.

use serde::Serialize;
use utoipa::ToSchema;

use crate::book::receivables::model::Invoice;
use kernel::money::Money;

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
