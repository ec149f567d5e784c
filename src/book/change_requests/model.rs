//! The change request as it is stored.

use diesel::prelude::*;
use serde::Serialize;

use crate::platform::db::schema::change_requests;
use kernel::clock::Instant;
use kernel::columns::text_enum;
use kernel::ids::{ChangeRequestId, CustomerId};
use kernel::text::{Line, Note, Number, Subject};

text_enum! {
    /// What is to change.
    pub enum ChangeKind {
        /// The group that a customer belongs to.
        CustomerParent = "customer_parent",
    }
}

text_enum! {
    /// Where a change request stands. What is approved is applied in the same moment, or found stale.
    pub enum ChangeStatus {
        /// It waits for somebody to decide.
        Proposed = "proposed",
        /// It was approved, and the target is as it says.
        Applied = "applied",
        /// It was approved after its target had changed, and nothing was applied: propose it anew.
        Stale = "stale",
        Rejected = "rejected",
        /// Who proposed it took it back.
        Withdrawn = "withdrawn",
    }
}

/// A change request.
#[derive(Debug, Clone, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = change_requests, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct ChangeRequest {
    pub id: ChangeRequestId,
    pub kind: ChangeKind,
    pub status: ChangeStatus,
    pub target_id: Line,
    /// The number that another system gave the target, when it has one.
    pub target_number: Option<Number>,
    /// The version that the target had when the change was proposed.
    pub target_version: i64,
    /// The customer whom it is about: who sees the customer sees the request.
    pub customer_id: Option<CustomerId>,
    /// What the target was, as JSON; what it looks like is the kind's.
    pub before: String,
    /// What it is to become, in the same form.
    pub after: String,
    pub reason: Note,
    pub proposed_by: Subject,
    pub proposed_at: Instant,
    pub decided_by: Option<Subject>,
    pub decision_reason: Option<Note>,
    pub decided_at: Option<Instant>,
    pub version: i64,
}
