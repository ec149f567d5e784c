//! Checks, reservations and credit blocks.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::Serialize;

use crate::book::customers::model::Customer;
pub use crate::book::exposure::model::{DEFAULT_PURPOSE, Reservation, ReservationStatus};
use crate::book::policy::model::Checkpoint;
use crate::platform::db::schema::{credit_blocks, limit_checks};
use kernel::clock::Instant;
use kernel::columns::text_enum;
use kernel::ids::{
    CreditAccountId, CreditBlockId, CustomerId, LegalEntityId, LimitCheckId, ReservationId,
};
use kernel::money::Currency;
use kernel::text::{Line, Number};

text_enum! {
    /// What a limit check came to.
    pub enum Outcome {
        Approved = "approved",
        ApprovedWithWarning = "approved_with_warning",
        /// Credit must look at it; it takes no capacity until then.
        ReviewRequired = "review_required",
        Rejected = "rejected",
    }
}

impl Outcome {
    /// Whether the order may go, and capacity is taken for it.
    pub const fn is_approved(self) -> bool {
        matches!(self, Outcome::Approved | Outcome::ApprovedWithWarning)
    }
}

text_enum! {
    /// Where a credit block stands.
    pub enum CreditBlockStatus {
        Open = "open",
        /// Somebody of credit works on it.
        Assigned = "assigned",
        Released = "released",
        /// Released by itself, because the check passed when it was made again.
        AutoReleased = "auto_released",
        Rejected = "rejected",
        /// The order is no more.
        Withdrawn = "withdrawn",
    }
}

impl CreditBlockStatus {
    /// Whether the order still waits for credit.
    pub const fn waits(self) -> bool {
        matches!(self, CreditBlockStatus::Open | CreditBlockStatus::Assigned)
    }
}

/// A recorded limit check: what was asked, what was answered, under which policy.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = limit_checks, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct LimitCheck {
    pub id: LimitCheckId,
    pub account_id: CreditAccountId,
    pub customer_id: CustomerId,
    pub order_number: Option<String>,
    pub checkpoint: Checkpoint,
    pub currency: Currency,
    pub amount_minor: i64,
    pub outcome: Outcome,
    pub policy_version: i32,
    /// The [`Record`](super::check::record::Record) as JSON.
    pub record: String,
    pub checked_by: String,
    pub checked_at: Instant,
}

/// An order that waits for credit.
#[derive(Debug, Clone, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = credit_blocks, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct CreditBlock {
    pub id: CreditBlockId,
    pub check_id: LimitCheckId,
    pub account_id: CreditAccountId,
    pub customer_id: CustomerId,
    pub order_number: String,
    pub purpose: String,
    pub currency: Currency,
    pub amount_minor: i64,
    pub reserve_until: Instant,
    pub status: CreditBlockStatus,
    /// Why, as JSON.
    pub reasons: String,
    pub opened_by: String,
    pub opened_at: Instant,
    pub assigned_to: Option<String>,
    pub decided_by: Option<String>,
    pub decided_at: Option<Instant>,
    pub decision_reason: Option<String>,
    /// Up to which amount the order was released.
    pub ceiling_minor: Option<i64>,
    /// The last day on which the order may grow to the ceiling without another check.
    pub release_valid_until: Option<NaiveDate>,
    /// Why sales ask that the order be released.
    pub release_request: Option<String>,
    pub release_requested_by: Option<String>,
    pub release_requested_at: Option<Instant>,
    /// The day on which the customer promised to pay, as sales say.
    pub promised_on: Option<NaiveDate>,
    pub reservation_id: Option<ReservationId>,
    pub version: i64,
    pub legal_entity_id: LegalEntityId,
}

impl CreditBlock {
    /// The block with the customer named, as the queue shows it.
    pub fn of(self, customer: &Customer) -> QueuedBlock {
        QueuedBlock {
            block: self,
            customer_number: customer.number.clone(),
            customer_name: customer.name.clone(),
        }
    }
}

/// A credit block with its customer's number and name.
#[derive(Debug, Clone, Queryable)]
pub struct QueuedBlock {
    pub block: CreditBlock,
    pub customer_number: Number,
    pub customer_name: Line,
}

/// An order that waits: as much of its credit block as says whether to look at it again.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = credit_blocks)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Waiting {
    pub id: CreditBlockId,
    pub customer_id: CustomerId,
    /// Why, as JSON.
    pub reasons: String,
}
