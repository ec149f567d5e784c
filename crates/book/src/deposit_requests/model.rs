//! The deposit request as it is stored, and as it stands.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::Serialize;

use crate::book::exposure::model::BalanceKey;
use crate::platform::db::schema::deposit_requests;
use kernel::clock::Instant;
use kernel::columns::text_enum;
use kernel::ids::{CreditAccountId, CustomerId, DepositRequestId, LegalEntityId};
use kernel::money::{Currency, Money};
use kernel::text::{Keyword, Number, Subject};

text_enum! {
    /// Where a deposit request stands: counted from the prepayments of its order, never stored.
    pub enum DepositStatus {
        /// Nothing came for it.
        Open = "open",
        PartPaid = "part_paid",
        Paid = "paid",
        Cancelled = "cancelled",
    }
}

/// An order of a customer, and the balance in which money comes for it.
pub type Order = (CustomerId, BalanceKey, Number);

/// A request for money before an invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = deposit_requests, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct DepositRequest {
    pub id: DepositRequestId,
    pub number: Number,
    pub customer_id: CustomerId,
    pub account_id: CreditAccountId,
    pub legal_entity_id: LegalEntityId,
    pub order_number: Number,
    pub currency: Currency,
    pub amount_minor: i64,
    pub request_date: NaiveDate,
    pub due_date: NaiveDate,
    /// A word by which it is found again.
    pub label: Option<Keyword>,
    /// The business day on which it was cancelled.
    pub cancelled_on: Option<NaiveDate>,
    pub cancel_reason: Option<String>,
    pub created_by: Subject,
    pub created_at: Instant,
    pub version: i64,
}

impl DepositRequest {
    pub const fn money(&self, minor: i64) -> Money {
        Money::from_minor(minor, self.currency)
    }

    /// For which order, and in which balance, its money comes.
    pub fn order(&self) -> Order {
        let key = BalanceKey::new(self.legal_entity_id, self.currency);
        (self.customer_id, key, self.order_number.clone())
    }
}

/// A deposit request with what is paid of it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct StandingRequest {
    pub request: DepositRequest,
    pub paid_minor: i64,
}

impl StandingRequest {
    pub const fn status(&self) -> DepositStatus {
        if self.request.cancelled_on.is_some() {
            DepositStatus::Cancelled
        } else if self.paid_minor >= self.request.amount_minor {
            DepositStatus::Paid
        } else if self.paid_minor > 0 {
            DepositStatus::PartPaid
        } else {
            DepositStatus::Open
        }
    }

    /// What is still asked for.
    pub const fn open_minor(&self) -> i64 {
        match self.status() {
            DepositStatus::Cancelled => 0,
            _ => self.request.amount_minor - self.paid_minor,
        }
    }
}
