//! What comes in and goes out about invoices, credit notes, receipts and settlements.

mod orders;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::{Validate, ValidationError};

use crate::book::customers::model::CustomerRef;
use crate::book::receivables::actions::{
    Application, NamedApplication, NewInvoice, NewReceipt, ReceivableError, Unapplication,
    named_customer,
};
use crate::book::receivables::model::{
    CreditNote, DocumentStatus, Invoice, InvoiceRef, InvoiceStatus, Receipt, Settlement,
};
use kernel::clock::{Day, Instant};
use kernel::ids::{
    CreditAccountId, CreditNoteId, CustomerId, InvoiceId, ReceiptId, ReservationId, SettlementId,
};
use kernel::money::{AmountIn, Money};
use kernel::text::{Note, Number};
use crate::platform::http::problem::ProblemOut;

pub use orders::{CancelInvoiceIn, InvoiceWarningOut};

/// An invoice to be posted.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "number": "I-2026-0001", "customer_number": "C-1001", "invoice_date": "2026-03-31",
    "amount": {"amount": "12500.00", "currency": "CNY"}, "order_number": "SO-2026-0001"
}))]
pub struct InvoiceIn {
    /// The number that the ERP gave it; no other living invoice has it.
    pub number: Number,
    /// The customer by id; either this or `customer_number`.
    pub customer_id: Option<CustomerId>,
    /// The customer by number; either this or `customer_id`.
    pub customer_number: Option<Number>,
    /// At most 366 days ahead.
    pub invoice_date: Day,
    /// The invoice date and the account's net days when not given.
    pub due_date: Option<Day>,
    /// More than zero, in the account's currency.
    pub amount: AmountIn,
    /// The order that was delivered: the invoice takes the place of what was delivered or reserved of it.
    pub order_number: Option<Number>,
}

impl InvoiceIn {
    /// # Errors
    /// When the customer is named twice or not at all.
    pub fn customer(&self) -> Result<CustomerRef, ReceivableError> {
        named_customer(self.customer_id, self.customer_number.as_ref())
    }

    pub fn to_new(&self) -> NewInvoice {
        NewInvoice {
            number: self.number.clone(),
            invoice_date: self.invoice_date.date(),
            due_date: self.due_date.map(Day::date),
            amount: self.amount.money(),
            order_number: self.order_number.clone(),
            reservation_id: None,
        }
    }
}

/// Invoices to be posted together.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"invoices": [{
    "number": "I-2026-0001", "customer_number": "C-1001", "invoice_date": "2026-03-31",
    "amount": {"amount": "12500.00", "currency": "CNY"}
}]}))]
pub struct InvoiceBatchIn {
    #[validate(length(min = 1, max = 500), nested)]
    #[schema(min_items = 1, max_items = 500)]
    pub invoices: Vec<InvoiceIn>,
}

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

/// Why something is taken back, and from which day.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "Posted to the wrong customer.", "effective_on": "2026-03-31"}))]
pub struct TakeBackIn {
    pub reason: Note,
    /// The day from which it counts: from the document's own date to today; today when not given.
    pub effective_on: Option<Day>,
}

impl TakeBackIn {
    pub fn day(&self) -> Option<NaiveDate> {
        self.effective_on.map(Day::date)
    }
}

/// Which invoice money is taken off, why, and from which day.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "one_invoice_taken_off_at_most"))]
#[schema(example = json!({"invoice_number": "I-2026-0001", "reason": "It pays another invoice."}))]
pub struct UnapplyIn {
    /// The invoice by id; all that it settles when neither this nor `invoice_number` is given.
    pub invoice_id: Option<InvoiceId>,
    /// The invoice by number.
    pub invoice_number: Option<Number>,
    pub reason: Note,
    /// The day from which it counts: from the document's own date to today; today when not given.
    pub effective_on: Option<Day>,
}

impl UnapplyIn {
    pub fn unapplication(&self) -> Unapplication {
        let by_id = self.invoice_id.map(InvoiceRef::Id);
        let by_number = || self.invoice_number.clone().map(InvoiceRef::Number);
        Unapplication {
            invoice: by_id.or_else(by_number),
            effective_on: self.effective_on.map(Day::date),
        }
    }
}

fn one_invoice_taken_off_at_most(input: &UnapplyIn) -> Result<(), ValidationError> {
    at_most_one(input.invoice_id, input.invoice_number.as_ref())
}

/// A credit note to be posted.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "one_invoice_at_most"))]
#[schema(example = json!({
    "number": "CN-2026-0001", "customer_number": "C-1001", "invoice_number": "I-2026-0001",
    "credit_date": "2026-04-15", "amount": {"amount": "500.00", "currency": "CNY"}, "reason": "Two pallets were damaged."
}))]
pub struct CreditNoteIn {
    /// The number that the ERP gave it; no other living credit note has it.
    pub number: Number,
    /// The customer by id; either this or `customer_number`.
    pub customer_id: Option<CustomerId>,
    /// The customer by number; either this or `customer_id`.
    pub customer_number: Option<Number>,
    /// The invoice that it is about, by id.
    pub invoice_id: Option<InvoiceId>,
    /// The invoice that it is about, by number.
    pub invoice_number: Option<Number>,
    /// Not in the future.
    pub credit_date: Day,
    /// More than zero, in the account's currency.
    pub amount: AmountIn,
    pub reason: Note,
}

impl CreditNoteIn {
    /// The invoice that it is about, with where that is said.
    pub fn invoice(&self) -> Option<(InvoiceRef, &'static str)> {
        let by_id = self
            .invoice_id
            .map(|id| (InvoiceRef::Id(id), "/invoice_id"));
        let number = self.invoice_number.clone();
        by_id.or_else(|| number.map(|number| (InvoiceRef::Number(number), "/invoice_number")))
    }
}

fn one_invoice_at_most(note: &CreditNoteIn) -> Result<(), ValidationError> {
    at_most_one(note.invoice_id, note.invoice_number.as_ref())
}

fn at_most_one(id: Option<InvoiceId>, number: Option<&Number>) -> Result<(), ValidationError> {
    if id.is_some() && number.is_some() {
        return Err(ValidationError::new("exclusive").with_message(
            "must name the invoice by invoice_id or invoice_number, not both".into(),
        ));
    }
    Ok(())
}

/// A receipt to be posted.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "receipt_application"))]
#[schema(example = json!({
    "number": "R-2026-0001", "customer_number": "C-1001", "receipt_date": "2026-04-30",
    "amount": {"amount": "12500.00", "currency": "CNY"},
    "applications": [{"invoice_number": "I-2026-0001", "amount": {"amount": "12500.00", "currency": "CNY"}}]
}))]
pub struct ReceiptIn {
    /// The number that the ERP or bank gave it; no other living receipt has it.
    pub number: Number,
    /// The customer by id; either this or `customer_number`.
    pub customer_id: Option<CustomerId>,
    /// The customer by number; either this or `customer_id`.
    pub customer_number: Option<Number>,
    /// The day on which the money came; not in the future.
    pub receipt_date: Day,
    /// More than zero, in the account's currency.
    pub amount: AmountIn,
    /// How it is applied: when left out, as `applications` say.
    pub apply: Option<Apply>,
    /// The invoices that it pays; what is left stays unapplied. An empty list is none: all stays unapplied. Left out, it
    /// goes to the oldest first.
    #[validate(length(max = 500), nested)]
    #[schema(max_items = 500)]
    pub applications: Option<Vec<CashApplicationIn>>,
}

impl ReceiptIn {
    pub fn to_new(&self) -> NewReceipt {
        NewReceipt {
            number: self.number.clone(),
            receipt_date: self.receipt_date.date(),
            amount: self.amount.money(),
            application: application(self.apply, self.applications.as_deref()),
        }
    }
}

/// How money is applied to invoices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Apply {
    /// To the invoices in `applications`.
    Named,
    /// To whatever is open, by due date.
    OldestFirst,
    /// To none: it stays unapplied.
    None,
}

/// A part of some money for one invoice.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "one_invoice"))]
pub struct CashApplicationIn {
    /// The invoice by id; either this or `invoice_number`.
    pub invoice_id: Option<InvoiceId>,
    /// The invoice by number; either this or `invoice_id`.
    pub invoice_number: Option<Number>,
    /// More than zero, at most what is open.
    pub amount: AmountIn,
}

fn one_invoice(one: &CashApplicationIn) -> Result<(), ValidationError> {
    if one.invoice_id.is_some() == one.invoice_number.is_some() {
        return Err(ValidationError::new("exclusive").with_message(
            "must name the invoice by invoice_id or invoice_number, exactly one".into(),
        ));
    }
    Ok(())
}

/// Which invoices unapplied money is to settle.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "later_application"))]
#[schema(example = json!({
    "applications": [{"invoice_number": "I-2026-0002", "amount": {"amount": "800.00", "currency": "CNY"}}]
}))]
pub struct ApplyIn {
    /// When left out, as `applications` say; `none` would do nothing and is refused.
    pub apply: Option<Apply>,
    /// The invoices that it pays; what is left stays unapplied. An empty list would do nothing and is refused. Left out,
    /// it goes to the oldest first.
    #[validate(length(max = 500), nested)]
    #[schema(max_items = 500)]
    pub applications: Option<Vec<CashApplicationIn>>,
    /// The day from which it counts: from the document's own date to today; today when not given.
    pub effective_on: Option<Day>,
}

impl ApplyIn {
    pub fn day(&self) -> Option<NaiveDate> {
        self.effective_on.map(Day::date)
    }

    pub fn application(&self) -> Application {
        application(self.apply, self.applications.as_deref())
    }
}

fn receipt_application(input: &ReceiptIn) -> Result<(), ValidationError> {
    check_application(input.apply, input.applications.as_deref())
}

fn later_application(input: &ApplyIn) -> Result<(), ValidationError> {
    let is_empty = input.applications.as_ref().is_some_and(Vec::is_empty);
    if input.apply == Some(Apply::None) || (input.apply.is_none() && is_empty) {
        return Err(
            ValidationError::new("nothing_to_do").with_message("must apply it to something".into())
        );
    }
    check_application(input.apply, input.applications.as_deref())
}

/// Invoices are named exactly when that is how the money is applied.
fn check_application(
    apply: Option<Apply>,
    applications: Option<&[CashApplicationIn]>,
) -> Result<(), ValidationError> {
    let is_named = applications.is_some_and(|named| !named.is_empty());
    match apply {
        Some(Apply::Named) if !is_named => Err(ValidationError::new("applications_missing")
            .with_message("must have applications when apply is named".into())),
        Some(Apply::OldestFirst | Apply::None) if is_named => {
            Err(ValidationError::new("applications_unused")
                .with_message("may have applications only when apply is named".into()))
        }
        _ => Ok(()),
    }
}

fn application(apply: Option<Apply>, applications: Option<&[CashApplicationIn]>) -> Application {
    let named = applications.unwrap_or_default().iter().filter_map(|one| {
        let by_id = one.invoice_id.map(InvoiceRef::Id);
        let invoice = by_id.or_else(|| one.invoice_number.clone().map(InvoiceRef::Number))?;
        Some(NamedApplication {
            invoice,
            amount: one.amount.money(),
        })
    });
    match apply {
        Some(Apply::None) => Application::Nothing,
        Some(Apply::OldestFirst) => Application::OldestFirst,
        Some(Apply::Named) | None => match applications {
            None => Application::OldestFirst,
            Some([]) => Application::Nothing,
            Some(_) => Application::Named(named.collect()),
        },
    }
}

/// An invoice.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invoice, example = json!({
    "id": "inv_01k00000000000000000000001", "number": "I-2026-0001", "customer_id": "cus_01k00000000000000000000001",
    "credit_account_id": "acc_01k00000000000000000000001", "order_number": "SO-2026-0001", "reservation_id": null,
    "invoice_date": "2026-03-31", "due_date": "2026-04-30", "amount": {"amount": "12500.00", "currency": "CNY"},
    "open": {"amount": "12500.00", "currency": "CNY"}, "status": "open", "cancelled_on": null, "cancel_entered_on": null,
    "cancel_reason": null,
    "created_by": "u-31", "warnings": [], "created_at": "2026-03-31T08:00:00.000000Z"
}))]
pub struct InvoiceOut {
    id: InvoiceId,
    number: Number,
    customer_id: CustomerId,
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
            created_by: invoice.created_by,
            created_at: invoice.created_at,
        }
    }
}

/// A credit note.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreditNote, example = json!({
    "id": "crn_01k00000000000000000000001", "number": "CN-2026-0001", "customer_id": "cus_01k00000000000000000000001",
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
            created_by: note.created_by,
            created_at: note.created_at,
        }
    }
}

/// A receipt.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Receipt, example = json!({
    "id": "rcp_01k00000000000000000000001", "number": "R-2026-0001", "customer_id": "cus_01k00000000000000000000001",
    "receipt_date": "2026-04-30", "amount": {"amount": "12500.00", "currency": "CNY"},
    "unapplied": {"amount": "0.00", "currency": "CNY"}, "status": "posted", "reversed_on": null,
    "reverse_entered_on": null, "reverse_reason": null, "created_by": "u-31", "created_at": "2026-04-30T08:00:00.000000Z"
}))]
pub struct ReceiptOut {
    id: ReceiptId,
    number: Number,
    customer_id: CustomerId,
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
            customer_id: receipt.customer_id,
            receipt_date: receipt.receipt_date,
            amount: Money::from_minor(receipt.amount_minor, receipt.currency),
            unapplied: Money::from_minor(receipt.unapplied_minor, receipt.currency),
            status: receipt.status,
            reversed_on: receipt.reversed_on,
            reverse_entered_on: receipt.reverse_entered_on,
            reverse_reason: receipt.reverse_reason,
            created_by: receipt.created_by,
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
            created_by: settlement.created_by,
            created_at: settlement.created_at,
        }
    }
}
