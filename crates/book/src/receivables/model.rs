//! Invoices, credit notes, receipts and settlements as they are stored and named.

mod items;

use std::str::FromStr;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Nullable};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use crate::book::exposure::model::{BalanceKey, Exposure};
use crate::book::policy::model::ExposureCategory;
use crate::platform::db::schema::{credit_notes, invoices, receipts, settlements};
use kernel::clock::Instant;
use kernel::columns::{IdColumn, text_enum};
use kernel::ids::{
    self, CreditAccountId, CreditNoteId, CustomerId, Id, InvoiceId, ItemId, Kind, LegalEntityId,
    ReceiptId, ReservationId, SettlementId, in_path,
};
use kernel::money::{Currency, Money};
use kernel::text::{Keyword, Line, Number, Subject, TextError};

pub use items::{Item, NO_DISCOUNTS, SetOffKind, SettlementKind, ShortPaymentRest, first_item};

text_enum! {
    /// How far an invoice is settled. Overdue is no status: it follows from the due date.
    pub enum InvoiceStatus {
        Open = "open",
        PartiallyPaid = "partially_paid",
        Paid = "paid",
        /// Sold without recourse, and not paid in full.
        Sold = "sold",
        /// Posted by mistake, and taken back before anything settled it.
        Cancelled = "cancelled",
    }
}

text_enum! {
    /// What an invoice bills.
    #[derive(Default)]
    pub enum InvoiceKind {
        /// Goods and services.
        #[default]
        Sale = "sale",
        /// Interest for paying late, claimed.
        LateInterest = "late_interest",
        /// A fixed sum, a fee or other costs of paying late, claimed.
        Costs = "costs",
    }
}

impl InvoiceKind {
    /// Whether it is a claimed charge: exposure of a category of its own, and nothing that was sold.
    pub const fn is_charge(self) -> bool {
        matches!(self, InvoiceKind::LateInterest | InvoiceKind::Costs)
    }
}

text_enum! {
    /// Whether a receipt or credit note holds.
    pub enum DocumentStatus {
        Posted = "posted",
        /// Posted by mistake, and taken back with all that it settled.
        Reversed = "reversed",
    }
}

/// An invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = invoices, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Invoice {
    pub id: InvoiceId,
    pub number: Number,
    pub customer_id: CustomerId,
    pub account_id: CreditAccountId,
    pub order_number: Option<Number>,
    /// The reservation that was captured into it.
    pub reservation_id: Option<ReservationId>,
    pub invoice_date: NaiveDate,
    pub due_date: NaiveDate,
    pub currency: Currency,
    pub amount_minor: i64,
    /// What is not settled yet; zero when cancelled.
    pub open_minor: i64,
    pub status: InvoiceStatus,
    /// The business day from which it counts no more.
    pub cancelled_on: Option<NaiveDate>,
    pub cancel_reason: Option<String>,
    pub created_by: Subject,
    pub created_at: Instant,
    pub version: i64,
    /// The business day on which the cancellation was entered.
    pub cancel_entered_on: Option<NaiveDate>,
    /// By how much it passed what its order had left, with the policy's tolerance.
    pub order_excess_minor: Option<i64>,
    /// The business day from which it is no exposure any more, because it was sold without recourse.
    pub sold_on: Option<NaiveDate>,
    pub legal_entity_id: LegalEntityId,
    /// What it comes to without tax, and the tax; the amount is both.
    pub net_minor: Option<i64>,
    pub tax_minor: Option<i64>,
    /// The day on which it counts in the books; the invoice date when not given.
    pub posting_date: Option<NaiveDate>,
    /// The day from which its terms run; the invoice date when not given.
    pub baseline_date: Option<NaiveDate>,
    /// The order as the customer numbered it.
    pub customer_order_number: Option<Line>,
    /// A list of words, as a document.
    pub labels: Option<String>,
    /// The payment terms that it was posted under.
    pub payment_terms: Option<Keyword>,
    /// What it was worth in the currency of its legal entity's books when it was posted, and at which rate; nothing when
    /// that is not known.
    pub booking_minor: Option<i64>,
    pub booking_currency: Option<Currency>,
    pub booking_rate: Option<String>,
    pub kind: InvoiceKind,
}

impl Invoice {
    /// What so much of it is as exposure.
    pub fn exposure(&self, minor: i64) -> Exposure {
        if self.kind.is_charge() {
            Exposure::of(ExposureCategory::ClaimedCharges, minor)
        } else {
            Exposure::receivable(minor)
        }
    }

    /// The balance that it counts in.
    pub const fn key(&self) -> BalanceKey {
        BalanceKey::new(self.legal_entity_id, self.currency)
    }

    pub const fn money(&self, minor: i64) -> Money {
        Money::from_minor(minor, self.currency)
    }

    /// The words by which it is found again; none when other hands wrote what can't be read.
    pub fn label_list(&self) -> Vec<Keyword> {
        let labels = self.labels.as_deref();
        labels
            .and_then(|labels| serde_json::from_str(labels).ok())
            .unwrap_or_default()
    }
}

/// A credit note: it settles the invoice that it is about, and what is left can settle others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = credit_notes, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct CreditNote {
    pub id: CreditNoteId,
    pub number: Number,
    pub customer_id: CustomerId,
    pub account_id: CreditAccountId,
    /// The invoice that it is about.
    pub invoice_id: Option<InvoiceId>,
    pub credit_date: NaiveDate,
    pub currency: Currency,
    pub amount_minor: i64,
    /// What settles no invoice yet; zero when reversed.
    pub unapplied_minor: i64,
    pub reason: String,
    pub status: DocumentStatus,
    /// The business day from which it counts no more.
    pub reversed_on: Option<NaiveDate>,
    pub reverse_reason: Option<String>,
    pub created_by: Subject,
    pub created_at: Instant,
    pub version: i64,
    /// The business day on which the reversal was entered.
    pub reverse_entered_on: Option<NaiveDate>,
    pub legal_entity_id: LegalEntityId,
}

impl CreditNote {
    /// The balance that it counts in.
    pub const fn key(&self) -> BalanceKey {
        BalanceKey::new(self.legal_entity_id, self.currency)
    }
}

/// Money that a customer paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = receipts, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Receipt {
    pub id: ReceiptId,
    pub number: Number,
    pub customer_id: CustomerId,
    pub account_id: CreditAccountId,
    pub receipt_date: NaiveDate,
    pub currency: Currency,
    pub amount_minor: i64,
    /// What settles no invoice yet; zero when reversed.
    pub unapplied_minor: i64,
    pub status: DocumentStatus,
    /// The business day from which it counts no more.
    pub reversed_on: Option<NaiveDate>,
    pub reverse_reason: Option<String>,
    pub created_by: Subject,
    pub created_at: Instant,
    pub version: i64,
    /// The business day on which the reversal was entered.
    pub reverse_entered_on: Option<NaiveDate>,
    pub legal_entity_id: LegalEntityId,
    /// Who paid, where that is another customer.
    pub payer_customer_id: Option<CustomerId>,
    /// What was given back, or is about to be.
    pub refunded_minor: i64,
    /// The order that it was paid for beforehand: it settles invoices of that order alone.
    pub prepaid_order_number: Option<Number>,
    /// The receipt that it may be once more: one is a bank statement's, the other was posted.
    pub possible_duplicate_of: Option<ReceiptId>,
    /// The number under which another ledger has this money, where a file said so.
    pub recognised_as: Option<Number>,
}

impl Receipt {
    /// The balance that it counts in.
    pub const fn key(&self) -> BalanceKey {
        BalanceKey::new(self.legal_entity_id, self.currency)
    }
}

/// One settlement of an invoice, or the undoing of one with the opposite amount: appended, never changed. An undoing that
/// was entered for too late a day is undone in its turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = settlements, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Settlement {
    pub id: SettlementId,
    pub invoice_id: InvoiceId,
    pub customer_id: CustomerId,
    /// What settled it: a receipt, a credit note, or neither.
    pub receipt_id: Option<ReceiptId>,
    pub credit_note_id: Option<CreditNoteId>,
    pub amount_minor: i64,
    /// The business day from which it counts.
    pub effective_on: NaiveDate,
    /// The row that this one undoes.
    pub reverses_id: Option<SettlementId>,
    pub created_by: Subject,
    pub created_at: Instant,
    /// The item that it is of.
    pub item_id: Option<ItemId>,
    pub kind: SettlementKind,
    /// What it took of the money, in the money's currency; nothing where it is no money.
    pub used_minor: i64,
    /// The money's currency, where it is not the invoice's.
    pub used_currency: Option<Currency>,
    /// One unit of the money's currency in units of the invoice's, where they differ.
    pub rate: Option<String>,
    /// What the legal entity gained in its own currency since the invoice was booked; below zero what it lost.
    pub difference_minor: Option<i64>,
    pub difference_currency: Option<Currency>,
    pub reason: Option<String>,
}

/// What settles invoices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    Receipt(ReceiptId),
    CreditNote(CreditNoteId),
}

impl Source {
    pub const fn receipt(self) -> Option<ReceiptId> {
        match self {
            Source::Receipt(id) => Some(id),
            Source::CreditNote(_) => None,
        }
    }

    pub const fn credit_note(self) -> Option<CreditNoteId> {
        match self {
            Source::Receipt(_) => None,
            Source::CreditNote(id) => Some(id),
        }
    }
}

/// A document as others name it: by our id or by the ERP's number.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String", bound = "K: Kind")]
pub enum DocumentRef<K: Kind> {
    Id(Id<K>),
    Number(Number),
}

pub type InvoiceRef = DocumentRef<ids::Invoice>;
pub type CreditNoteRef = DocumentRef<ids::CreditNote>;
pub type ReceiptRef = DocumentRef<ids::Receipt>;
pub type DepositRequestRef = DocumentRef<ids::DepositRequest>;

/// `{invoice}` and the like in a path.
impl<K: Kind> IntoParams for DocumentRef<K> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![in_path(
            &K::NOUN.replace(' ', "_"),
            "Number",
            &format!("The {}'s id or number.", K::NOUN),
        )]
    }
}

impl<K: Kind> FromStr for DocumentRef<K> {
    type Err = TextError;

    fn from_str(text: &str) -> Result<DocumentRef<K>, TextError> {
        match text.parse() {
            Ok(id) => Ok(DocumentRef::Id(id)),
            Err(_) => text.parse().map(DocumentRef::Number),
        }
    }
}

impl<K: Kind> TryFrom<String> for DocumentRef<K> {
    type Error = TextError;

    fn try_from(text: String) -> Result<DocumentRef<K>, TextError> {
        text.parse()
    }
}

impl<K: Kind> From<DocumentRef<K>> for String {
    fn from(reference: DocumentRef<K>) -> String {
        match reference {
            DocumentRef::Id(id) => id.to_string(),
            DocumentRef::Number(number) => number.into(),
        }
    }
}

/// What a customer paid on one day of what was due on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable)]
pub struct Payment {
    pub customer_id: CustomerId,
    pub currency: Currency,
    pub due_date: NaiveDate,
    pub paid_on: NaiveDate,
    pub minor: i64,
}

impl Payment {
    /// Days after the due date; below zero when it came earlier.
    pub fn days_late(&self) -> i64 {
        self.paid_on.signed_duration_since(self.due_date).num_days()
    }
}

/// What was sold to a customer on account, less what was credited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, QueryableByName)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Sales {
    #[diesel(sql_type = IdColumn)]
    pub customer_id: CustomerId,
    #[diesel(sql_type = BigInt)]
    pub sales_minor: i64,
    #[diesel(sql_type = BigInt)]
    pub invoices: i64,
}

/// An item, and what was paid of it on one day; no day where nothing was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, QueryableByName)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct InvoicePart {
    #[diesel(sql_type = IdColumn)]
    pub id: ItemId,
    #[diesel(sql_type = Date)]
    pub invoice_date: NaiveDate,
    #[diesel(sql_type = Date)]
    pub due_date: NaiveDate,
    /// Of the whole item, what was credited or granted taken off.
    #[diesel(sql_type = BigInt)]
    pub amount_minor: i64,
    #[diesel(sql_type = Nullable<Date>)]
    pub paid_on: Option<NaiveDate>,
    #[diesel(sql_type = BigInt)]
    pub paid_minor: i64,
}
