//! What is open: items, and what kinds of settlement there are.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::Serialize;

use crate::book::payment_terms::model::{DiscountStep, InstalmentKind};
use crate::platform::db::schema::invoice_items;
use crate::platform::db::{DbError, read_document};
use kernel::columns::text_enum;
use kernel::ids::{CustomerId, InvoiceId, ItemId};

text_enum! {
    /// What a settlement is.
    pub enum SettlementKind {
        /// Money.
        Payment = "payment",
        /// A credit note.
        Credit = "credit",
        /// What was granted for paying early.
        Discount = "discount",
        /// What the customer took off and is granted.
        Deduction = "deduction",
        /// What banks kept of the money.
        BankCharge = "bank_charge",
        /// A difference within what the policy tolerates.
        Tolerance = "tolerance",
        /// What we owe the customer, set off.
        Compensation = "compensation",
        /// What is left because two currencies moved.
        ExchangeDifference = "exchange_difference",
        /// A small difference that is given up.
        WriteOff = "write_off",
    }
}

text_enum! {
    /// What becomes of the rest of an invoice that is paid short.
    pub enum ShortPaymentRest {
        /// It stays open, with its reason.
        Open = "open",
        /// It stays open because the customer disputes it.
        Dispute = "dispute",
        /// As the kinds of settlement of these names.
        Deduction = "deduction",
        BankCharge = "bank_charge",
        ExchangeDifference = "exchange_difference",
        WriteOff = "write_off",
    }
}

impl ShortPaymentRest {
    /// The settlement that closes the rest; none where it stays open.
    pub const fn settles(self) -> Option<SettlementKind> {
        match self {
            ShortPaymentRest::Open | ShortPaymentRest::Dispute => None,
            ShortPaymentRest::Deduction => Some(SettlementKind::Deduction),
            ShortPaymentRest::BankCharge => Some(SettlementKind::BankCharge),
            ShortPaymentRest::ExchangeDifference => Some(SettlementKind::ExchangeDifference),
            ShortPaymentRest::WriteOff => Some(SettlementKind::WriteOff),
        }
    }
}

text_enum! {
    /// What settles an invoice without money of the customer.
    pub enum SetOffKind {
        Compensation = "compensation",
        WriteOff = "write_off",
    }
}

impl SetOffKind {
    pub const fn kind(self) -> SettlementKind {
        match self {
            SetOffKind::Compensation => SettlementKind::Compensation,
            SetOffKind::WriteOff => SettlementKind::WriteOff,
        }
    }
}

/// What is open: an invoice as a whole, or an instalment of one. The first of an invoice has its invoice's id, as another
/// kind of thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = invoice_items, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Item {
    pub id: ItemId,
    pub invoice_id: InvoiceId,
    pub customer_id: CustomerId,
    /// What part of it: retention money is owed like any other, and due later.
    pub kind: InstalmentKind,
    /// From 1 on, in the order of the terms.
    pub position: i32,
    pub amount_minor: i64,
    pub open_minor: i64,
    pub due_date: NaiveDate,
    /// What it was before anybody agreed on another day.
    pub original_due_date: NaiveDate,
    /// A list of [`DiscountStep`], as a document.
    pub discounts: String,
    /// Why what is open was not paid.
    pub open_reason: Option<String>,
    pub version: i64,
}

impl Item {
    /// The discounts, the highest first.
    ///
    /// # Errors
    /// When the row was changed by other hands.
    pub fn steps(&self) -> Result<Vec<DiscountStep>, DbError> {
        // Most have none, and are not parsed.
        if self.discounts == NO_DISCOUNTS {
            return Ok(Vec::new());
        }
        read_document(&self.discounts)
    }
}

/// The document of an item without discounts.
pub const NO_DISCOUNTS: &str = "[]";

/// The first item of an invoice: the invoice itself, where there is no other.
pub const fn first_item(invoice: InvoiceId) -> ItemId {
    ItemId::from_uuid(invoice.uuid())
}
