//! What comes in and goes out about invoices, credit notes, receipts and settlements.

mod batches;
mod items;
mod orders;

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::book::receivables::model::{
    CreditNote, DocumentStatus, Invoice, InvoiceKind, InvoiceStatus, Receipt, Settlement,
    SettlementKind,
};
use kernel::clock::Instant;
use kernel::ids::{
    CreditAccountId, CreditNoteId, CustomerId, InvoiceId, ItemId, LegalEntityId, ReceiptId,
    ReservationId, SettlementId,
};
use kernel::money::Money;
use kernel::text::{Keyword, Line, Number};

pub use batches::{BatchQuery, CreditNoteBatchOut, CreditNoteItemOut, InvoiceBatchOut, ItemOut};
pub use items::OpenItemOut;
pub use orders::InvoiceWarningOut;

/// An invoice.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invoice, example = json!({
    "id": "inv_01k00000000000000000000001", "number": "I-2026-0001", "customer_id": "cus_01k00000000000000000000001",
    "legal_entity_id": "ent_00000000000e00800000000001",
    "credit_account_id": "acc_01k00000000000000000000001", "order_number": "SO-2026-0001", "reservation_id": null,
    "invoice_date": "2026-03-31", "due_date": "2026-04-30", "amount": {"amount": "12500.00", "currency": "CNY"},
    "open": {"amount": "12500.00", "currency": "CNY"}, "status": "open", "cancelled_on": null, "cancel_entered_on": null,
    "cancel_reason": null, "sold_on": null, "kind": "sale",
    "created_by": "u-31", "warnings": [], "created_at": "2026-03-31T08:00:00.000000Z",
    "net": {"amount": "11061.95", "currency": "CNY"}, "tax": {"amount": "1438.05", "currency": "CNY"},
    "posting_date": "2026-03-31", "baseline_date": "2026-03-31", "customer_order_number": "PO 4711", "labels": ["export"],
    "payment_terms": "2_10_net_30", "booking": {"amount": "12500.00", "currency": "CNY"}, "booking_rate": "1"
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
    /// What it comes to without tax; null when it was not said.
    net: Option<Money>,
    tax: Option<Money>,
    /// The day on which it counts in the books.
    posting_date: NaiveDate,
    /// The day from which its terms run.
    baseline_date: NaiveDate,
    /// The order as the customer numbered it.
    customer_order_number: Option<Line>,
    #[schema(max_items = 20)]
    labels: Vec<Keyword>,
    /// The payment terms that it was posted under.
    payment_terms: Option<Keyword>,
    /// What it was worth in the currency of its legal entity's books when it was posted; null when there was no rate, or
    /// that currency is not known.
    booking: Option<Money>,
    /// The rate of that.
    #[schema(max_length = 40)]
    booking_rate: Option<String>,
    /// What it bills: a sale, or a claimed charge.
    kind: InvoiceKind,
    /// What is odd about it; it is posted all the same.
    #[schema(max_items = 10)]
    warnings: Vec<InvoiceWarningOut>,
}

impl From<Invoice> for InvoiceOut {
    fn from(invoice: Invoice) -> InvoiceOut {
        let money = |minor: Option<i64>| minor.map(|minor| invoice.money(minor));
        let booking = invoice.booking_minor.zip(invoice.booking_currency);
        InvoiceOut {
            warnings: InvoiceWarningOut::of(&invoice),
            net: money(invoice.net_minor),
            tax: money(invoice.tax_minor),
            posting_date: invoice.posting_date.unwrap_or(invoice.invoice_date),
            baseline_date: invoice.baseline_date.unwrap_or(invoice.invoice_date),
            labels: invoice.label_list(),
            booking: booking.map(|(minor, currency)| Money::from_minor(minor, currency)),

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
            kind: invoice.kind,
            cancelled_on: invoice.cancelled_on,
            cancel_entered_on: invoice.cancel_entered_on,
            customer_order_number: invoice.customer_order_number,
            payment_terms: invoice.payment_terms,
            booking_rate: invoice.booking_rate,
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
    "unapplied": {"amount": "0.00", "currency": "CNY"}, "refunded": {"amount": "0.00", "currency": "CNY"},
    "payer_customer_id": null, "prepaid_order_number": null, "possible_duplicate_of": null, "recognised_as": null,
    "status": "posted", "reversed_on": null,
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
    /// What was given back, or is about to be.
    refunded: Money,
    /// Who paid, where that is another customer.
    payer_customer_id: Option<CustomerId>,
    /// The order that it is paid for beforehand: it settles invoices of that order alone.
    prepaid_order_number: Option<Number>,
    /// The receipt that it may be once more, a bank statement's or one that was posted: both count until one is reversed.
    possible_duplicate_of: Option<ReceiptId>,
    /// The number under which another ledger has it, where a file was read that said so.
    recognised_as: Option<Number>,
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
            refunded: Money::from_minor(receipt.refunded_minor, receipt.currency),
            payer_customer_id: receipt.payer_customer_id,
            prepaid_order_number: receipt.prepaid_order_number,
            possible_duplicate_of: receipt.possible_duplicate_of,
            recognised_as: receipt.recognised_as,
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
    "item_id": "itm_01k00000000000000000000001", "kind": "payment",
    "receipt_id": "rcp_01k00000000000000000000001", "credit_note_id": null, "used": {"amount": "12500.00", "currency": "CNY"},
    "rate": null, "realised_difference": null, "reason": null,
    "amount": {"amount": "12500.00", "currency": "CNY"}, "effective_on": "2026-04-30", "reverses_id": null,
    "created_by": "u-31", "created_at": "2026-04-30T08:00:00.000000Z"
}))]
pub struct SettlementOut {
    id: SettlementId,
    invoice_id: InvoiceId,
    /// What of the invoice it settles.
    item_id: Option<ItemId>,
    kind: SettlementKind,
    receipt_id: Option<ReceiptId>,
    credit_note_id: Option<CreditNoteId>,
    /// What it settles, in the invoice's currency; the opposite of what it undoes.
    amount: Money,
    /// What it takes of the money, in the money's currency; nothing where it is no money.
    used: Money,
    /// One unit of the money's currency in units of the invoice's; null where they are the same.
    #[schema(max_length = 40)]
    rate: Option<String>,
    /// What the legal entity gained in the currency of its books since the invoice was booked, or lost when below zero;
    /// null where there is none, or a rate lacks.
    realised_difference: Option<Money>,
    /// Why, where it is no money.
    #[schema(max_length = 2000)]
    reason: Option<String>,
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
        let used = settlement.used_currency.unwrap_or(invoice.currency);
        let difference = settlement
            .difference_minor
            .zip(settlement.difference_currency);
        SettlementOut {
            item_id: settlement.item_id,
            kind: settlement.kind,
            used: Money::from_minor(settlement.used_minor, used),
            rate: settlement.rate,
            realised_difference: difference
                .map(|(minor, currency)| Money::from_minor(minor, currency)),
            reason: settlement.reason,
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
