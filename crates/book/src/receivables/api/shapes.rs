//! What comes in and goes out about invoices, credit notes, receipts and settlements.

mod orders;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::book::receivables::model::{
    CreditNote, DocumentStatus, Invoice, InvoiceStatus, Receipt, Settlement,
};
use crate::platform::http::problem::ProblemOut;
use kernel::clock::Instant;
use kernel::ids::{
    CreditAccountId, CreditNoteId, CustomerId, InvoiceId, LegalEntityId, ReceiptId, ReservationId,
    SettlementId,
};
use kernel::money::Money;
use kernel::text::Number;

pub use orders::InvoiceWarningOut;

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

/// An invoice.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invoice, example = json!({
    "id": "inv_01k00000000000000000000001", "number": "I-2026-0001", "customer_id": "cus_01k00000000000000000000001",
    "legal_entity_id": "ent_00000000000e00800000000001",
    "credit_account_id": "acc_01k00000000000000000000001", "order_number": "SO-2026-0001", "reservation_id": null,
    "invoice_date": "2026-03-31", "due_date": "2026-04-30", "amount": {"amount": "12500.00", "currency": "CNY"},
    "open": {"amount": "12500.00", "currency": "CNY"}, "status": "open", "cancelled_on": null, "cancel_entered_on": null,
    "cancel_reason": null, "sold_on": null,
    "created_by": "u-31", "warnings": [], "created_at": "2026-03-31T08:00:00.000000Z"
}))]
pub struct InvoiceOut {
    id: InvoiceId,
    number: Number,
    customer_id: CustomerId,
    /// The company that it is of.
    legal_entity_id: LegalEntityId,
    credit_account_id: CreditAccountId,
    order_number: Option<Number>,
    /// The reservation that was captured into it.
    reservation_id: Option<ReservationId>,
    invoice_date: NaiveDate,
    due_date: NaiveDate,
    amount: Money,
    /// What is not settled yet.
    open: Money,
    status: InvoiceStatus,
    /// The day from which it counts no more.
    cancelled_on: Option<NaiveDate>,
    /// The day on which the cancellation was entered.
    cancel_entered_on: Option<NaiveDate>,
    #[schema(max_length = 2000)]
    cancel_reason: Option<String>,
    /// The day from which it is no exposure any more, because it was sold without recourse.
    sold_on: Option<NaiveDate>,
    #[schema(max_length = 128)]
    created_by: String,
    created_at: Instant,
    /// What is odd about it; it is posted all the same.
    #[schema(max_items = 10)]
    warnings: Vec<InvoiceWarningOut>,
}

impl From<Invoice> for InvoiceOut {
    fn from(invoice: Invoice) -> InvoiceOut {
        InvoiceOut {
            warnings: InvoiceWarningOut::of(&invoice),
            amount: invoice.money(invoice.amount_minor),
            open: invoice.money(invoice.open_minor),
            id: invoice.id,
            number: invoice.number,
            legal_entity_id: invoice.legal_entity_id,
            customer_id: invoice.customer_id,
            credit_account_id: invoice.account_id,
            order_number: invoice.order_number,
            reservation_id: invoice.reservation_id,
            invoice_date: invoice.invoice_date,
            due_date: invoice.due_date,
            status: invoice.status,
            cancelled_on: invoice.cancelled_on,
            cancel_entered_on: invoice.cancel_entered_on,
            cancel_reason: invoice.cancel_reason,
            sold_on: invoice.sold_on,
            created_by: invoice.created_by.into(),
            created_at: invoice.created_at,
        }
    }
}

/// A credit note.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreditNote, example = json!({
    "id": "crn_01k00000000000000000000001", "number": "CN-2026-0001", "customer_id": "cus_01k00000000000000000000001",
    "legal_entity_id": "ent_00000000000e00800000000001",
    "invoice_id": "inv_01k00000000000000000000001", "credit_date": "2026-04-15",
    "amount": {"amount": "500.00", "currency": "CNY"}, "unapplied": {"amount": "0.00", "currency": "CNY"},
    "reason": "Two pallets were damaged.", "status": "posted", "reversed_on": null, "reverse_entered_on": null,
    "reverse_reason": null,
    "created_by": "u-31", "created_at": "2026-04-15T08:00:00.000000Z"
}))]
pub struct CreditNoteOut {
    id: CreditNoteId,
    number: Number,
    customer_id: CustomerId,
    /// The company that it is of.
    legal_entity_id: LegalEntityId,
    /// The invoice that it is about.
    invoice_id: Option<InvoiceId>,
    credit_date: NaiveDate,
    amount: Money,
    /// What settles no invoice yet.
    unapplied: Money,
    #[schema(max_length = 2000)]
    reason: String,
    status: DocumentStatus,
    /// The day from which it counts no more.
    reversed_on: Option<NaiveDate>,
    /// The day on which the reversal was entered.
    reverse_entered_on: Option<NaiveDate>,
    #[schema(max_length = 2000)]
    reverse_reason: Option<String>,
    #[schema(max_length = 128)]
    created_by: String,
    created_at: Instant,
}

impl From<CreditNote> for CreditNoteOut {
    fn from(note: CreditNote) -> CreditNoteOut {
        CreditNoteOut {
            id: note.id,
            number: note.number,
            legal_entity_id: note.legal_entity_id,
            customer_id: note.customer_id,
            invoice_id: note.invoice_id,
            credit_date: note.credit_date,
            amount: Money::from_minor(note.amount_minor, note.currency),
            unapplied: Money::from_minor(note.unapplied_minor, note.currency),
            reason: note.reason,
            status: note.status,
            reversed_on: note.reversed_on,
            reverse_entered_on: note.reverse_entered_on,
            reverse_reason: note.reverse_reason,
            created_by: note.created_by.into(),
            created_at: note.created_at,
        }
    }
}

/// A receipt.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Receipt, example = json!({
    "id": "rcp_01k00000000000000000000001", "number": "R-2026-0001", "customer_id": "cus_01k00000000000000000000001",
    "legal_entity_id": "ent_00000000000e00800000000001",
    "receipt_date": "2026-04-30", "amount": {"amount": "12500.00", "currency": "CNY"},
    "unapplied": {"amount": "0.00", "currency": "CNY"}, "status": "posted", "reversed_on": null,
    "reverse_entered_on": null, "reverse_reason": null, "created_by": "u-31", "created_at": "2026-04-30T08:00:00.000000Z"
}))]
pub struct ReceiptOut {
    id: ReceiptId,
    number: Number,
    customer_id: CustomerId,
    /// The company that it is of.
    legal_entity_id: LegalEntityId,
    receipt_date: NaiveDate,
    amount: Money,
    /// What settles no invoice yet.
    unapplied: Money,
    status: DocumentStatus,
    /// The day from which it counts no more.
    reversed_on: Option<NaiveDate>,
    /// The day on which the reversal was entered.
    reverse_entered_on: Option<NaiveDate>,
    #[schema(max_length = 2000)]
    reverse_reason: Option<String>,
    #[schema(max_length = 128)]
    created_by: String,
    created_at: Instant,
}

impl From<Receipt> for ReceiptOut {
    fn from(receipt: Receipt) -> ReceiptOut {
        ReceiptOut {
            id: receipt.id,
            number: receipt.number,
            legal_entity_id: receipt.legal_entity_id,
            customer_id: receipt.customer_id,
            receipt_date: receipt.receipt_date,
            amount: Money::from_minor(receipt.amount_minor, receipt.currency),
            unapplied: Money::from_minor(receipt.unapplied_minor, receipt.currency),
            status: receipt.status,
            reversed_on: receipt.reversed_on,
            reverse_entered_on: receipt.reverse_entered_on,
            reverse_reason: receipt.reverse_reason,
            created_by: receipt.created_by.into(),
            created_at: receipt.created_at,
        }
    }
}

/// One settlement of an invoice, or the undoing of one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Settlement, example = json!({
    "id": "set_01k00000000000000000000001", "invoice_id": "inv_01k00000000000000000000001",
    "receipt_id": "rcp_01k00000000000000000000001", "credit_note_id": null,
    "amount": {"amount": "12500.00", "currency": "CNY"}, "effective_on": "2026-04-30", "reverses_id": null,
    "created_by": "u-31", "created_at": "2026-04-30T08:00:00.000000Z"
}))]
pub struct SettlementOut {
    id: SettlementId,
    invoice_id: InvoiceId,
    receipt_id: Option<ReceiptId>,
    credit_note_id: Option<CreditNoteId>,
    /// The opposite of what it undoes.
    amount: Money,
    /// The business day from which it counts.
    effective_on: NaiveDate,
    /// The row that it undoes.
    reverses_id: Option<SettlementId>,
    #[schema(max_length = 128)]
    created_by: String,
    created_at: Instant,
}

impl SettlementOut {
    pub fn new(invoice: &Invoice, settlement: Settlement) -> SettlementOut {
        SettlementOut {
            id: settlement.id,
            invoice_id: settlement.invoice_id,
            receipt_id: settlement.receipt_id,
            credit_note_id: settlement.credit_note_id,
            amount: invoice.money(settlement.amount_minor),
            effective_on: settlement.effective_on,
            reverses_id: settlement.reverses_id,
            created_by: settlement.created_by.into(),
            created_at: settlement.created_at,
        }
    }
}
