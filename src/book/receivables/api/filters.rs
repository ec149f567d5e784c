//! Which invoices, credit notes and receipts a list shows.

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::book::receivables::model::{DocumentStatus, InvoiceStatus};
use kernel::clock::Day;
use kernel::ids::{CustomerId, InvoiceId};
use kernel::text::Number;

/// Which invoices, and in which order.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InvoiceFilter {
    /// Invoices of these customers.
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer_id: Vec<CustomerId>,
    /// Invoices of the customers with these numbers.
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer_number: Vec<Number>,
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<InvoiceStatus>,
    /// Invoices of these orders.
    #[serde(default)]
    #[param(max_items = 100)]
    pub order_number: Vec<Number>,
    /// Due on this day or later.
    pub due_date_from: Option<Day>,
    /// Due on this day or earlier.
    pub due_date_to: Option<Day>,
    /// Dated on this day or later.
    pub invoice_date_from: Option<Day>,
    /// Dated on this day or earlier.
    pub invoice_date_to: Option<Day>,
    /// Open now and due before this day.
    pub overdue_as_of: Option<Day>,
    /// By due date when not given.
    #[param(inline)]
    pub sort: Option<InvoiceSort>,
}

/// The orders that a list of invoices may have.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
pub enum InvoiceSort {
    #[default]
    #[serde(rename = "due_date")]
    DueDate,
    #[serde(rename = "-due_date")]
    DueDateDescending,
    #[serde(rename = "invoice_date")]
    InvoiceDate,
    #[serde(rename = "-invoice_date")]
    InvoiceDateDescending,
    #[serde(rename = "amount")]
    Amount,
    #[serde(rename = "-amount")]
    AmountDescending,
    #[serde(rename = "number")]
    Number,
    #[serde(rename = "-number")]
    NumberDescending,
}

/// Which credit notes, the newest first.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CreditNoteFilter {
    /// Credit notes of these customers.
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer_id: Vec<CustomerId>,
    /// Credit notes of the customers with these numbers.
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer_number: Vec<Number>,
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<DocumentStatus>,
    /// Credit notes about these invoices.
    #[serde(default)]
    #[param(max_items = 100)]
    pub invoice_id: Vec<InvoiceId>,
    /// Dated on this day or later.
    pub credit_date_from: Option<Day>,
    /// Dated on this day or earlier.
    pub credit_date_to: Option<Day>,
    /// Those with something left to apply, or those without.
    pub unapplied: Option<bool>,
}

/// Which receipts, the newest first.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReceiptFilter {
    /// Receipts of these customers.
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer_id: Vec<CustomerId>,
    /// Receipts of the customers with these numbers.
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer_number: Vec<Number>,
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<DocumentStatus>,
    /// Dated on this day or later.
    pub receipt_date_from: Option<Day>,
    /// Dated on this day or earlier.
    pub receipt_date_to: Option<Day>,
    /// Those with something left to apply, or those without.
    pub unapplied: Option<bool>,
}
