//! The deadline as it is stored.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::Serialize;

use crate::platform::db::schema::deadlines;
use kernel::clock::Instant;
use kernel::columns::text_enum;
use kernel::ids::{CustomerId, DeadlineId};
use kernel::text::{Line, Note, Subject};

text_enum! {
    /// What must be done by then.
    pub enum DeadlineKind {
        /// Present an instrument for payment. The instruments write it.
        InstrumentPresentation = "instrument_presentation",
        /// Go to court, or have the debt acknowledged, before it is time-barred.
        Limitation = "limitation",
        /// Tell the insurer that a debt is overdue.
        InsurerNotice = "insurer_notice",
        /// Claim what an insurer covers.
        InsurerClaim = "insurer_claim",
        /// Call a guarantee.
        Guarantee = "guarantee",
        /// Object to an invoice, a notice or a ruling.
        Objection = "objection",
        /// Look at the customer again.
        Review = "review",
        Other = "other",
    }
}

text_enum! {
    /// What a deadline is about.
    pub enum DeadlineSubject {
        Customer = "customer",
        Invoice = "invoice",
        Instrument = "instrument",
    }
}

text_enum! {
    /// Where a deadline stands.
    pub enum DeadlineStatus {
        Open = "open",
        /// It was done in time.
        Met = "met",
        /// The day passed and nobody had said that it was done.
        Missed = "missed",
        /// There is nothing more to be done.
        Withdrawn = "withdrawn",
    }
}

/// A deadline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = deadlines, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Deadline {
    pub id: DeadlineId,
    pub kind: DeadlineKind,
    pub subject_kind: DeadlineSubject,
    /// The id of what it is about.
    pub subject_id: String,
    pub customer_id: CustomerId,
    /// The last day on which it is in time.
    pub due_on: NaiveDate,
    /// Why it is that day: a rule of a room such as `presentation_days=10`, or a person's words.
    pub rule: Line,
    pub note: Option<Note>,
    pub status: DeadlineStatus,
    /// What was done, or why there is nothing to be done.
    pub done_note: Option<Note>,
    /// The business day on which it was done, or withdrawn.
    pub done_on: Option<NaiveDate>,
    pub done_by: Option<Subject>,
    pub done_at: Option<Instant>,
    pub created_by: Subject,
    pub created_at: Instant,
    pub version: i64,
}
