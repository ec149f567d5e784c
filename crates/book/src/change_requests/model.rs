//! The change request as it is stored.

use diesel::prelude::*;
use serde::Serialize;

use crate::platform::db::schema::{change_request_lines, change_requests};
use kernel::caller::Role;
use kernel::clock::Instant;
use kernel::columns::text_enum;
use kernel::ids::{ChangeRequestId, CustomerId};
use kernel::text::{Line, Note, Number, Subject};

text_enum! {
    /// What is to change.
    pub enum ChangeKind {
        /// That a charge for paying late is waived.
        ChargeWaiver = "charge_waiver",
        /// The group that a customer belongs to.
        CustomerParent = "customer_parent",
        /// The factor that an invoice is sold or pledged to.
        FactoringAssignment = "factoring_assignment",
        /// When an item is due.
        ItemDueDate = "item_due_date",
        /// That a closed period is open again.
        PeriodReopening = "period_reopening",
    }
}

impl ChangeKind {
    /// The roles of which who approves must hold one, where not everybody who decides changes may.
    pub const fn deciders(self) -> &'static [Role] {
        match self {
            ChangeKind::ItemDueDate
            | ChangeKind::FactoringAssignment
            | ChangeKind::ChargeWaiver => &[Role::Finance],
            ChangeKind::CustomerParent | ChangeKind::PeriodReopening => {
                &[Role::Credit, Role::Finance]
            }
        }
    }
}

text_enum! {
    /// Where a change request stands. What is approved is applied in the same moment, or found stale.
    pub enum ChangeStatus {
        /// It waits for somebody to decide.
        Proposed = "proposed",
        /// It was approved, and every target is as it says.
        Applied = "applied",
        /// It was approved and some of its lines were applied; the others could not be, and each says why.
        PartlyApplied = "partly_applied",
        /// It was approved after all its targets had changed, and nothing was applied: propose it anew.
        Stale = "stale",
        Rejected = "rejected",
        /// Who proposed it took it back.
        Withdrawn = "withdrawn",
    }
}

text_enum! {
    /// What became of a line when its request was approved.
    pub enum LineOutcome {
        /// The target is as the line says.
        Applied = "applied",
        /// The target had changed since the line was proposed.
        Stale = "stale",
        /// The book does not allow it any more.
        Refused = "refused",
    }
}

/// A change request: what one person proposes and another decides as one, be it one line or the lines of a file.
#[derive(Debug, Clone, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = change_requests, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct ChangeRequest {
    pub id: ChangeRequestId,
    pub kind: ChangeKind,
    pub status: ChangeStatus,
    pub reason: Note,
    pub proposed_by: Subject,
    pub proposed_at: Instant,
    pub decided_by: Option<Subject>,
    pub decision_reason: Option<Note>,
    pub decided_at: Option<Instant>,
    pub version: i64,
}

/// One line of a change request: one target.
#[derive(Debug, Clone, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = change_request_lines, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct ChangeLine {
    #[serde(skip)]
    pub request_id: ChangeRequestId,
    /// Its place, from 1 on; of a file the line on which it stands.
    pub line: i32,
    pub target_id: Line,
    /// The number that another system gave the target, when it has one.
    pub target_number: Option<Number>,
    /// The version that the target had when the change was proposed.
    pub target_version: i64,
    /// The customer whom it is about: who sees the customer sees the line.
    pub customer_id: Option<CustomerId>,
    /// What the target was, as JSON; what it looks like is the kind's.
    pub before: String,
    /// What it is to become, in the same form.
    pub after: String,
    /// What became of it; none before the request is approved.
    pub outcome: Option<LineOutcome>,
    /// Why the book refused it: a problem, as a document.
    pub refusal: Option<String>,
}

/// How many lines a request has, and what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LineCounts {
    pub total: i64,
    pub applied: i64,
    pub stale: i64,
    pub refused: i64,
}
