//! What use cases and lists are asked.

mod applications;
mod receipts;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::{Validate, ValidationError};

use super::model::{DocumentStatus, InvoiceKind, InvoiceRef, InvoiceStatus, SetOffKind};
use crate::book::customers::model::CustomerRef;
use crate::book::entities::model::EntityRef;
use crate::book::payment_terms::model::InstalmentKind;
use kernel::clock::Day;
use kernel::ids::{CustomerId, InvoiceId, ItemId, LegalEntityId, ReservationId};
use kernel::money::{AmountIn, Currency, Money, PositiveIn};
use kernel::text::{Keyword, Line, Note, Number};

pub use applications::{Application, Apply, ApplyIn, CashApplicationIn, NamedApplication, RestIn};
pub use receipts::{ConfirmReceiptIn, ReceiptFilter, ReceiptIn, ReleaseReceiptIn};

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
    /// Of these companies.
    #[serde(default)]
    #[param(max_items = 100)]
    pub legal_entity: Vec<EntityRef>,
    /// In these currencies.
    #[serde(default)]
    #[param(max_items = 20)]
    pub currency: Vec<Currency>,
    /// With one of these labels.
    #[serde(default)]
    #[param(max_items = 20)]
    pub label: Vec<Keyword>,
    /// Of these orders, as the customers numbered them.
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer_order_number: Vec<Line>,
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
    /// Of these companies.
    #[serde(default)]
    #[param(max_items = 100)]
    pub legal_entity: Vec<EntityRef>,
    /// In these currencies.
    #[serde(default)]
    #[param(max_items = 20)]
    pub currency: Vec<Currency>,
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
    /// What it comes to without tax; with the tax it is the amount.
    pub net: Option<AmountIn>,
    /// The tax; with what it comes to without, it is the amount.
    pub tax: Option<AmountIn>,
    /// The day on which it counts in the books; the invoice date when not given.
    pub posting_date: Option<Day>,
    /// The day from which its terms run; the invoice date when not given.
    pub baseline_date: Option<Day>,
    /// The order as the customer numbered it.
    pub customer_order_number: Option<Line>,
    /// Words by which it is found again.
    #[validate(length(max = 20))]
    #[schema(max_items = 20)]
    pub labels: Option<Vec<Keyword>>,
    /// The payment terms, by their code: instalments, due dates and discounts. The account's net days when not given.
    pub payment_terms: Option<Keyword>,
    /// Instalments that the document states; they add up to the amount. Not with `payment_terms` or `due_date`.
    #[validate(length(min = 1, max = 60))]
    #[schema(min_items = 1, max_items = 60)]
    pub instalments: Option<Vec<InvoiceInstalmentIn>>,
}

/// An instalment that an invoice states.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount": {"amount": "4000.00", "currency": "CNY"}, "due_date": "2026-04-30"}))]
pub struct InvoiceInstalmentIn {
    #[schema(value_type = PositiveIn)]
    pub amount: AmountIn,
    pub due_date: Day,
    /// `retention` for money that the customer keeps back until then; `instalment` when not given.
    pub kind: Option<InstalmentKind>,
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
            details: self.details(),
        }
    }

    fn details(&self) -> InvoiceDetails {
        let instalments = self.instalments.iter().flatten();
        InvoiceDetails {
            kind: InvoiceKind::Sale,
            net: self.net.map(AmountIn::money),
            tax: self.tax.map(AmountIn::money),
            posting_date: self.posting_date.map(Day::date),
            baseline_date: self.baseline_date.map(Day::date),
            customer_order_number: self.customer_order_number.clone(),
            labels: self.labels.clone().unwrap_or_default(),
            payment_terms: self.payment_terms.clone(),
            instalments: instalments
                .map(|one| StatedInstalment {
                    amount: one.amount.money(),
                    due_date: one.due_date.date(),
                    kind: one.kind.unwrap_or_default(),
                })
                .collect(),
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
#[derive(Debug, Clone, Serialize, Deserialize, Validate, ToSchema)]
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

    pub fn to_new(&self, legal_entity: LegalEntityId) -> NewCreditNote {
        NewCreditNote {
            number: self.number.clone(),
            credit_date: self.credit_date.date(),
            amount: self.amount.money(),
            about: self.invoice(),
            application: Application::Nothing,
            reason: self.reason.clone(),
            legal_entity,
        }
    }
}

/// Credit notes to be posted together.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"credit_notes": [{
    "number": "CN-2026-0001", "customer": "C-1001", "invoice_number": "I-2026-0001", "credit_date": "2026-04-15",
    "amount": {"amount": "500.00", "currency": "CNY"}, "reason": "Two pallets were damaged."
}]}))]
pub struct CreditNoteBatchIn {
    #[validate(length(min = 1, max = 500), nested)]
    #[schema(min_items = 1, max_items = 500)]
    pub credit_notes: Vec<CreditNoteIn>,
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
    pub details: InvoiceDetails,
}

/// What an invoice says beside its amount and dates.
#[derive(Debug, Clone, Default)]
pub struct InvoiceDetails {
    pub net: Option<Money>,
    pub tax: Option<Money>,
    pub posting_date: Option<NaiveDate>,
    pub baseline_date: Option<NaiveDate>,
    pub customer_order_number: Option<Line>,
    pub labels: Vec<Keyword>,
    pub payment_terms: Option<Keyword>,
    /// Those that the document states; by the terms when empty.
    pub instalments: Vec<StatedInstalment>,
    /// What it bills; a sale when nothing else is said.
    pub kind: InvoiceKind,
}

/// An instalment as its document states it.
#[derive(Debug, Clone, Copy)]
pub struct StatedInstalment {
    pub amount: Money,
    pub due_date: NaiveDate,
    pub kind: InstalmentKind,
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
    /// Who paid, where that is not the account's customer.
    pub payer: Option<CustomerId>,
    /// The order that it is paid for beforehand.
    pub prepaid_order: Option<Number>,
    pub origin: Origin,
    pub rests: Rests,
}

/// What becomes of the rest of an item that money does not pay in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rests {
    /// A discount that was taken in time or the policy's tolerance closes it.
    MayClose,
    /// It is open, as another ledger says that it is.
    StayOpen,
}

/// Who said first that money came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A bank statement.
    Bank,
    /// A person, an ERP, a file.
    Ledger,
}

/// A credit note to be posted to a locked account.
#[derive(Debug, Clone)]
pub struct NewCreditNote {
    pub number: Number,
    pub credit_date: NaiveDate,
    pub amount: Money,
    /// The invoice that it is about, with where that is said: it settles that one as far as it is open.
    pub about: Option<(InvoiceRef, &'static str)>,
    /// What it settles when it is about none.
    pub application: Application,
    pub reason: Note,
    pub legal_entity: LegalEntityId,
}

/// What is asked of taking a document's money off invoices.
#[derive(Debug, Clone)]
pub struct Unapplication {
    /// The invoice that it is taken off; all of them when not given.
    pub invoice: Option<InvoiceRef>,
    /// The day from which it counts; today when not given.
    pub effective_on: Option<NaiveDate>,
}

/// What settles an invoice without money of the customer.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "kind": "compensation", "amount": {"amount": "800.00", "currency": "CNY"},
    "reason": "Set off against their invoice 4711 of 2 March."
}))]
pub struct SetOffIn {
    /// `compensation` with what we owe them, or a small difference that is given up (`write_off`), within what the policy lets
    /// go (`settlement.difference_limits`).
    pub kind: SetOffKind,
    /// At most what is open, in the invoice's currency.
    pub amount: PositiveIn,
    /// One instalment of it; the earliest due first when not given.
    pub item_id: Option<ItemId>,
    pub reason: Note,
    /// The day from which it counts: from the invoice's own date to today; today when not given.
    pub effective_on: Option<Day>,
}

/// Which items, the earliest due first.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ItemFilter {
    /// Items of these customers.
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer: Vec<CustomerRef>,
    /// Items of these invoices.
    #[serde(default)]
    #[param(max_items = 100)]
    pub invoice_id: Vec<InvoiceId>,
    /// Instalments, retention money, or both when not given.
    #[serde(default)]
    #[param(max_items = 10)]
    pub kind: Vec<InstalmentKind>,
    /// Of these companies.
    #[serde(default)]
    #[param(max_items = 100)]
    pub legal_entity: Vec<EntityRef>,
    /// In these currencies.
    #[serde(default)]
    #[param(max_items = 20)]
    pub currency: Vec<Currency>,
    /// With one of these labels.
    #[serde(default)]
    #[param(max_items = 20)]
    pub label: Vec<Keyword>,
    /// Of these orders, as the customers numbered them.
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer_order_number: Vec<Line>,
    /// Those with something open, or those without; both when not given.
    pub open: Option<bool>,
    /// Due on this day or later.
    pub due_date_from: Option<Day>,
    /// Due on this day or earlier.
    pub due_date_to: Option<Day>,
    /// Open now and due before this day.
    pub overdue_as_of: Option<Day>,
}
