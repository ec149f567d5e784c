//! Cases, steps, and how long it takes from one to the next.

use diesel::prelude::*;
use serde::Deserialize;
use uuid::Uuid;

use crate::book::receivables::model::InvoiceStatus;
use kernel::clock::Instant;
use kernel::columns::text_enum;
use kernel::money::Money;

text_enum! {
    /// What the cases of a log are.
    pub enum Process {
        /// A credit application, from draft to decision.
        Application = "application",
        /// An invoice, until it is paid.
        Invoice = "invoice",
        /// A limit check, with the reservation and the credit block that came of it.
        LimitCheck = "limit_check",
    }
}

/// Which cases are asked for: those that began from an instant on, before another.
#[derive(Debug, Clone, Copy)]
pub struct CaseQuestion {
    pub process: Process,
    pub start: Instant,
    pub end: Instant,
}

/// A case, and the ids of the things whose entries are its steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The place in the order of cases.
    pub key: Uuid,
    pub id: String,
    pub customer_number: String,
    pub amount: Money,
    pub things: Vec<String>,
    pub steps: Vec<Step>,
}

/// A step of a case: what was done, when, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub activity: String,
    pub at: Instant,
    /// The entry, which orders the steps of one instant; 0 of what stands before all entries.
    pub seq: i64,
    pub subject: String,
}

/// An entry of the trail about a thing.
#[derive(Debug, Clone, Queryable)]
pub struct Entry {
    pub entity_id: String,
    pub action: String,
    pub at: Instant,
    pub seq: i64,
    pub subject: String,
}

/// What the trail says when something was applied to an invoice or taken off.
pub const SETTLED: &str = "invoice.settled";

/// What a log needs of an invoice in the trail.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct InvoiceThen {
    pub status: InvoiceStatus,
    pub open_minor: i64,
}

/// How long it took from a step to the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CycleTime {
    pub from: String,
    pub to: String,
    pub count: i64,
    pub median_seconds: i64,
    pub p90_seconds: i64,
}
