//! What goes out about items.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::book::payment_terms::model::{DiscountStep, InstalmentKind};
use crate::book::receivables::input::RestIn;
use crate::book::receivables::model::{Invoice, Item};
use crate::platform::db::{DbError, read_document};
use kernel::ids::{CustomerId, InvoiceId, ItemId, LegalEntityId};
use kernel::money::Money;
use kernel::text::Number;

/// What is open: an invoice, or an instalment of one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Item, example = json!({
    "id": "itm_01k00000000000000000000001", "invoice_id": "inv_01k00000000000000000000001", "invoice_number": "I-2026-0001",
    "customer_id": "cus_01k00000000000000000000001", "legal_entity_id": "ent_00000000000e00800000000001", "kind": "instalment", "position": 1,
    "amount": {"amount": "4000.00", "currency": "CNY"}, "open": {"amount": "1000.00", "currency": "CNY"},
    "due_date": "2026-04-30", "original_due_date": "2026-04-30",
    "discounts": [{"until": "2026-04-10", "rate": "0.02"}],
    "open_reason": {"treatment": "dispute", "reason": "Two pallets were damaged."}
}))]
pub struct OpenItemOut {
    id: ItemId,
    invoice_id: InvoiceId,
    invoice_number: Number,
    customer_id: CustomerId,
    legal_entity_id: LegalEntityId,
    /// Retention money is owed like any other, and due later.
    kind: InstalmentKind,
    /// From 1 on, in the order of the terms.
    #[schema(minimum = 1, maximum = 60)]
    position: i32,
    amount: Money,
    /// What is not settled yet; nothing when the invoice is cancelled.
    open: Money,
    due_date: NaiveDate,
    /// What it was before anybody agreed on another day.
    original_due_date: NaiveDate,
    /// For paying early: the highest first, each with its last day.
    #[schema(max_items = 5)]
    discounts: Vec<DiscountStep>,
    /// Why what is open was not paid, where that was said.
    open_reason: Option<RestIn>,
}

impl OpenItemOut {
    pub fn read(invoice: &Invoice, item: Item) -> Result<OpenItemOut, DbError> {
        let reason = item.open_reason.as_deref().map(read_document);
        Ok(OpenItemOut {
            discounts: item.steps()?,
            open_reason: reason.transpose()?,
            invoice_number: invoice.number.clone(),
            legal_entity_id: invoice.legal_entity_id,
            amount: invoice.money(item.amount_minor),
            open: invoice.money(item.open_minor),
            id: item.id,
            invoice_id: item.invoice_id,
            customer_id: item.customer_id,
            kind: item.kind,
            position: item.position,
            due_date: item.due_date,
            original_due_date: item.original_due_date,
        })
    }
}
