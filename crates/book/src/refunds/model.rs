//! Refunds as they are stored.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::Serialize;

use crate::platform::db::schema::refunds;
use kernel::clock::Instant;
use kernel::columns::text_enum;
use kernel::ids::{CustomerId, ReceiptId, RefundId};
use kernel::money::{Currency, Money};
use kernel::text::{Line, Note, Subject};

text_enum! {
    /// Where a refund stands.
    pub enum RefundStatus {
        /// It waits for somebody to decide.
        Requested = "requested",
        /// The money is held, and to be paid.
        Approved = "approved",
        Paid = "paid",
        Rejected = "rejected",
        /// It was approved, and is not paid after all.
        Cancelled = "cancelled",
    }
}

impl RefundStatus {
    /// What can be done with a refund from here.
    pub const fn allowed(self) -> &'static [&'static str] {
        match self {
            RefundStatus::Requested => &["approve", "reject"],
            RefundStatus::Approved => &["pay", "cancel"],
            RefundStatus::Paid | RefundStatus::Rejected | RefundStatus::Cancelled => &[],
        }
    }
}

/// Money that is given back of a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = refunds, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Refund {
    pub id: RefundId,
    pub receipt_id: ReceiptId,
    pub customer_id: CustomerId,
    pub currency: Currency,
    pub amount_minor: i64,
    pub status: RefundStatus,
    pub reason: Note,
    pub requested_by: Subject,
    pub requested_at: Instant,
    pub decided_by: Option<Subject>,
    pub decided_at: Option<Instant>,
    pub decision_reason: Option<Note>,
    /// The business day from which the money is held.
    pub held_on: Option<NaiveDate>,
    /// The business day from which it is held no more.
    pub freed_on: Option<NaiveDate>,
    pub paid_on: Option<NaiveDate>,
    /// What the bank or the ERP calls the payment.
    pub payment_reference: Option<Line>,
    pub version: i64,
}

impl Refund {
    pub const fn amount(&self) -> Money {
        Money::from_minor(self.amount_minor, self.currency)
    }
}
