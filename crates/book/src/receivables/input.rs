//! What use cases and lists are asked.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::{Validate, ValidationError};

use super::model::{DocumentStatus, InvoiceRef, InvoiceStatus};
use crate::book::customers::model::CustomerRef;
use crate::book::entities::model::EntityRef;
use kernel::clock::Day;
use kernel::ids::{InvoiceId, LegalEntityId, ReservationId};
use kernel::money::{AmountIn, Money, PositiveIn};
use kernel::text::{Note, Number};

/// Which invoices, and in which order.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InvoiceFilter {
    /// Invoices of these customers.
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer: Vec<CustomerRef>,
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
    pub customer: Vec<CustomerRef>,
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
    pub customer: Vec<CustomerRef>,
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

/// An invoice to be posted.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "number": "I-2026-0001", "customer": "C-1001", "invoice_date": "2026-03-31",
    "amount": {"amount": "12500.00", "currency": "CNY"}, "order_number": "SO-2026-0001"
}))]
pub struct InvoiceIn {
    /// The number that the ERP gave it; no other living invoice has it.
    pub number: Number,
    pub customer: CustomerRef,
    /// At most 366 days ahead.
    pub invoice_date: Day,
    /// The invoice date and the account's net days when not given.
    pub due_date: Option<Day>,
    /// More than zero, in the account's currency or one of its billing currencies.
    // Read with zero, which is refused where each item of a batch has an answer of its own.
    #[schema(value_type = PositiveIn)]
    pub amount: AmountIn,
    /// The order that was delivered: the invoice takes the place of what was delivered or reserved of it.
    pub order_number: Option<Number>,
    /// The company that it is of; `MAIN` when not given.
    pub legal_entity: Option<EntityRef>,
}

impl InvoiceIn {
    pub fn to_new(&self, legal_entity: LegalEntityId) -> NewInvoice {
        NewInvoice {
            number: self.number.clone(),
            invoice_date: self.invoice_date.date(),
            due_date: self.due_date.map(Day::date),
            amount: self.amount.money(),
            order_number: self.order_number.clone(),
            reservation_id: None,
            legal_entity,
        }
    }
}

/// Invoices to be posted together.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"invoices": [{
    "number": "I-2026-0001", "customer": "C-1001", "invoice_date": "2026-03-31",
    "amount": {"amount": "12500.00", "currency": "CNY"}
}]}))]
pub struct InvoiceBatchIn {
    #[validate(length(min = 1, max = 500), nested)]
    #[schema(min_items = 1, max_items = 500)]
    pub invoices: Vec<InvoiceIn>,
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
    "number": "CN-2026-0001", "customer": "C-1001", "invoice_number": "I-2026-0001",
    "credit_date": "2026-04-15", "amount": {"amount": "500.00", "currency": "CNY"}, "reason": "Two pallets were damaged."
}))]
pub struct CreditNoteIn {
    /// The number that the ERP gave it; no other living credit note has it.
    pub number: Number,
    pub customer: CustomerRef,
    /// The invoice that it is about, by id.
    pub invoice_id: Option<InvoiceId>,
    /// The invoice that it is about, by number.
    pub invoice_number: Option<Number>,
    /// Not in the future.
    pub credit_date: Day,
    /// More than zero, in the account's currency or one of its billing currencies.
    // Read with zero, which is refused where each item of a batch has an answer of its own.
    #[schema(value_type = PositiveIn)]
    pub amount: AmountIn,
    pub reason: Note,
    /// The company that it is of; `MAIN` when not given.
    pub legal_entity: Option<EntityRef>,
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
    "number": "R-2026-0001", "customer": "C-1001", "receipt_date": "2026-04-30",
    "amount": {"amount": "12500.00", "currency": "CNY"},
    "applications": [{"invoice_number": "I-2026-0001", "amount": {"amount": "12500.00", "currency": "CNY"}}]
}))]
pub struct ReceiptIn {
    /// The number that the ERP or bank gave it; no other living receipt has it.
    pub number: Number,
    pub customer: CustomerRef,
    /// The day on which the money came; not in the future.
    pub receipt_date: Day,
    /// More than zero, in the account's currency or one of its billing currencies.
    // Read with zero, which is refused where each item of a batch has an answer of its own.
    #[schema(value_type = PositiveIn)]
    pub amount: AmountIn,
    /// How it is applied: when left out, as `applications` say.
    pub apply: Option<Apply>,
    /// The invoices that it pays; what is left stays unapplied. An empty list is none: all stays unapplied. Left out, it
    /// goes to the oldest first.
    #[validate(length(max = 500), nested)]
    #[schema(max_items = 500)]
    pub applications: Option<Vec<CashApplicationIn>>,
    /// The company that it is of; `MAIN` when not given.
    pub legal_entity: Option<EntityRef>,
}

impl ReceiptIn {
    pub fn to_new(&self, legal_entity: LegalEntityId) -> NewReceipt {
        NewReceipt {
            number: self.number.clone(),
            receipt_date: self.receipt_date.date(),
            amount: self.amount.money(),
            application: application(self.apply, self.applications.as_deref()),
            legal_entity,
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
    // Read with zero, which is refused where each item of a batch has an answer of its own.
    #[schema(value_type = PositiveIn)]
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

/// An invoice to be posted to a locked account.
#[derive(Debug, Clone)]
pub struct NewInvoice {
    pub number: Number,
    pub invoice_date: NaiveDate,
    /// By the account's net days when not given.
    pub due_date: Option<NaiveDate>,
    pub amount: Money,
    pub order_number: Option<Number>,
    /// The reservation that is captured into it; that of its order when not given.
    pub reservation_id: Option<ReservationId>,
    pub legal_entity: LegalEntityId,
}

/// What becomes of the order of an invoice that is cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelledOrder {
    /// It has nothing more to deliver.
    Gone,
    /// It has back what the invoice took of it.
    Restored,
}

/// A receipt to be posted to a locked account.
#[derive(Debug, Clone)]
pub struct NewReceipt {
    pub number: Number,
    pub receipt_date: NaiveDate,
    pub amount: Money,
    pub application: Application,
    pub legal_entity: LegalEntityId,
}

/// Which invoices money is for.
#[derive(Debug, Clone)]
pub enum Application {
    /// These, with these amounts; what is left stays unapplied.
    Named(Vec<NamedApplication>),
    /// This one, as far as it is open when its turn comes; what is too much stays unapplied.
    AsFarAsOpen(InvoiceRef),
    /// Whatever is open, the oldest first.
    OldestFirst,
    /// None: all of it stays unapplied.
    Nothing,
}

/// A part of some money for a named invoice.
#[derive(Debug, Clone)]
pub struct NamedApplication {
    pub invoice: InvoiceRef,
    pub amount: Money,
}

/// What is asked of taking a document's money off invoices.
#[derive(Debug, Clone)]
pub struct Unapplication {
    /// The invoice that it is taken off; all of them when not given.
    pub invoice: Option<InvoiceRef>,
    /// The day from which it counts; today when not given.
    pub effective_on: Option<NaiveDate>,
}
