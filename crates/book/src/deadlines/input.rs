//! What use cases and lists are asked.

use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::{Validate, ValidationError};

use super::model::{DeadlineKind, DeadlineStatus, DeadlineSubject};
use crate::book::customers::model::CustomerRef;
use crate::book::receivables::model::InvoiceRef;
use kernel::clock::Day;
use kernel::ids::CustomerId;
use kernel::text::{Line, Note, Number};

/// A deadline to be added by a person.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "is_a_persons"))]
#[schema(example = json!({
    "kind": "limitation", "customer": "C-1001", "invoice": "I-2026-0001", "due_on": "2029-04-30",
    "rule": "Three years from the due date, article 188 of the Civil Code", "note": "A demand letter interrupts it."
}))]
pub struct DeadlineIn {
    /// Any but `instrument_presentation`, which the instruments write.
    pub kind: DeadlineKind,
    pub customer: CustomerRef,
    /// The invoice that it is about, by id or number; the customer when not given.
    #[schema(value_type = Option<Number>)]
    pub invoice: Option<InvoiceRef>,
    /// The last day on which it is in time; not in the past.
    pub due_on: Day,
    /// Why it is that day.
    pub rule: Line,
    pub note: Option<Note>,
}

/// What the request alone shows to be wrong.
fn is_a_persons(input: &DeadlineIn) -> Result<(), ValidationError> {
    if input.kind == DeadlineKind::InstrumentPresentation {
        return Err(ValidationError::new("kind")
            .with_message("instrument_presentation is written by instruments alone".into()));
    }
    Ok(())
}

/// What was done in time.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"note": "Demand letter of 12 March, receipt signed.", "done_on": "2026-03-12"}))]
pub struct MeetDeadlineIn {
    pub note: Note,
    /// The day on which it was done, not in the future and not after it was due; today when not given.
    pub done_on: Option<Day>,
}

/// A deadline that a room writes.
#[derive(Debug, Clone)]
pub struct NewDeadline {
    pub kind: DeadlineKind,
    pub subject: DeadlineSubject,
    pub subject_id: String,
    pub customer_id: CustomerId,
    pub due_on: NaiveDate,
    pub rule: Line,
    pub note: Option<Note>,
}

/// Which deadlines, and in which order.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeadlineFilter {
    /// Deadlines about these customers.
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer: Vec<CustomerRef>,
    #[serde(default)]
    #[param(max_items = 10)]
    pub kind: Vec<DeadlineKind>,
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<DeadlineStatus>,
    /// Deadlines about these things, by their ids.
    #[serde(default)]
    #[param(max_items = 100)]
    pub subject_id: Vec<Line>,
    /// Due on this day or later.
    pub due_on_from: Option<Day>,
    /// Due on this day or earlier.
    pub due_on_to: Option<Day>,
    /// By the day on which they are due when not given.
    #[param(inline)]
    pub sort: Option<DeadlineSort>,
}

/// The orders that a list of deadlines may have.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
pub enum DeadlineSort {
    #[default]
    #[serde(rename = "due_on")]
    DueOn,
    #[serde(rename = "-due_on")]
    DueOnDescending,
}
