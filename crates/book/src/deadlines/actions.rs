//! What is done with deadlines, by rooms and by people.

use chrono::NaiveDate;

use super::input::{DeadlineIn, MeetDeadlineIn, NewDeadline};
use super::model::{Deadline, DeadlineKind, DeadlineStatus, DeadlineSubject};
use super::rules::{self, DayError};
use super::store;
use crate::book::customers::model::CustomerRef;
use crate::book::customers::store as customers;
use crate::book::receivables::store as receivables;
use crate::platform::db::{Change, DbError, Tx};
use kernel::clock::Day;
use kernel::ids::DeadlineId;
use kernel::text::Note;

/// How many deadlines are counted as missed in one unit of work at most.
const SWEEP_MAX: i64 = 500;

/// Why a use case on deadlines was refused.
#[derive(Debug, thiserror::Error)]
pub enum DeadlineError {
    #[error("there is no such deadline")]
    Missing,
    #[error("there is no such customer")]
    NoSuchCustomer,
    #[error("there is no such invoice of this customer")]
    NoSuchInvoice,
    #[error("must not be in the past")]
    HasPassed,
    #[error("{0}")]
    Day(DayError),
    #[error("the deadline is {0}")]
    Ended(DeadlineStatus),
    #[error("instruments end this one themselves")]
    OfInstrument,
    #[error("it changed meanwhile")]
    Stale,
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Writes a room's deadline.
///
/// # Errors
/// When the database fails.
pub fn set(tx: &mut Tx, new: NewDeadline) -> Result<Deadline, DbError> {
    let deadline = Deadline {
        id: DeadlineId::new(),
        kind: new.kind,
        subject_kind: new.subject,
        subject_id: new.subject_id,
        customer_id: new.customer_id,
        due_on: new.due_on,
        rule: new.rule,
        note: new.note,
        status: DeadlineStatus::Open,
        done_note: None,
        done_on: None,
        done_by: None,
        done_at: None,
        created_by: tx.caller().subject.clone(),
        created_at: tx.now(),
        version: 1,
    };
    store::insert(tx, &deadline)?;
    tx.record(Change::new("deadline.set", deadline.id).after(&deadline))?;
    Ok(deadline)
}

/// Adds a person's deadline.
///
/// # Errors
/// When the customer or invoice is unknown, or the day has passed.
pub fn add(tx: &mut Tx, input: &DeadlineIn) -> Result<Deadline, DeadlineError> {
    let caller = tx.caller();
    let customer = customers::find_visible(tx, caller, &input.customer)?
        .ok_or(DeadlineError::NoSuchCustomer)?;
    if input.due_on.date() < tx.today() {
        return Err(DeadlineError::HasPassed);
    }
    let (subject, subject_id) = match &input.invoice {
        Some(reference) => {
            let invoice = receivables::find_invoice(tx, reference)?
                .filter(|invoice| invoice.customer_id == customer.id)
                .ok_or(DeadlineError::NoSuchInvoice)?;
            (DeadlineSubject::Invoice, invoice.id.to_string())
        }
        None => (DeadlineSubject::Customer, customer.id.to_string()),
    };
    Ok(set(
        tx,
        NewDeadline {
            kind: input.kind,
            subject,
            subject_id,
            customer_id: customer.id,
            due_on: input.due_on.date(),
            rule: input.rule.clone(),
            note: input.note.clone(),
        },
    )?)
}

/// Says that what a deadline asks for was done in time.
///
/// # Errors
/// When the deadline is not there, has ended, changed since `version`, is an instrument's, or was done too late.
pub fn meet_by_person(
    tx: &mut Tx,
    id: DeadlineId,
    version: i64,
    input: &MeetDeadlineIn,
) -> Result<Deadline, DeadlineError> {
    let before = find_open(tx, id, version)?;
    let done_on = rules::met_on(before.due_on, tx.today(), input.done_on.map(Day::date))
        .map_err(DeadlineError::Day)?;
    end(
        tx,
        &before,
        DeadlineStatus::Met,
        done_on,
        Some(input.note.clone()),
    )?
    .ok_or(DeadlineError::Stale)
}

/// Takes a deadline away: nothing more is to be done.
///
/// # Errors
/// When the deadline is not there, has ended, changed since `version`, or is an instrument's.
pub fn withdraw_by_person(
    tx: &mut Tx,
    id: DeadlineId,
    version: i64,
    reason: &Note,
) -> Result<Deadline, DeadlineError> {
    let before = find_open(tx, id, version)?;
    let today = tx.today();
    end(
        tx,
        &before,
        DeadlineStatus::Withdrawn,
        today,
        Some(reason.clone()),
    )?
    .ok_or(DeadlineError::Stale)
}

/// A person's deadline that is open, and as it was read.
fn find_open(tx: &mut Tx, id: DeadlineId, version: i64) -> Result<Deadline, DeadlineError> {
    let found = store::find(tx, id)?.ok_or(DeadlineError::Missing)?;
    let caller = tx.caller();
    let reference = CustomerRef::Id(found.customer_id);
    customers::find_visible(tx, caller, &reference)?.ok_or(DeadlineError::Missing)?;
    if found.subject_kind == DeadlineSubject::Instrument {
        return Err(DeadlineError::OfInstrument);
    }
    if found.status != DeadlineStatus::Open {
        return Err(DeadlineError::Ended(found.status));
    }
    if found.version != version {
        return Err(DeadlineError::Stale);
    }
    Ok(found)
}

/// Ends a room's open deadlines of a kind about one thing, on a day: met as far as it is in time, else missed.
///
/// # Errors
/// When the database fails.
pub fn meet(
    tx: &mut Tx,
    kind: DeadlineKind,
    subject_id: &str,
    done_on: NaiveDate,
) -> Result<(), DbError> {
    for deadline in store::list_open_of(tx, kind, subject_id)? {
        let status = if done_on <= deadline.due_on {
            DeadlineStatus::Met
        } else {
            DeadlineStatus::Missed
        };
        ended(end(tx, &deadline, status, done_on, None)?)?;
    }
    Ok(())
}

/// Takes away a room's open deadlines of a kind about one thing.
///
/// # Errors
/// When the database fails.
pub fn withdraw_of(
    tx: &mut Tx,
    kind: DeadlineKind,
    subject_id: &str,
    reason: Option<&Note>,
) -> Result<(), DbError> {
    let today = tx.today();
    for deadline in store::list_open_of(tx, kind, subject_id)? {
        let withdrawn = DeadlineStatus::Withdrawn;
        ended(end(tx, &deadline, withdrawn, today, reason.cloned())?)?;
    }
    Ok(())
}

/// Counts as missed what is open though its day has passed; says how many.
///
/// # Errors
/// When the database fails.
pub fn miss_due(tx: &mut Tx) -> Result<usize, DbError> {
    let today = tx.today();
    let passed = store::list_passed(tx, today, SWEEP_MAX)?;
    let mut missed = 0;
    for before in &passed {
        let after = Deadline {
            status: DeadlineStatus::Missed,
            ..before.clone()
        };
        // Whoever met it at this moment was faster.
        if let Some(after) = store::end_if_unchanged(tx, &after)? {
            missed += 1;
            tx.record(
                Change::new("deadline.missed", after.id)
                    .before(before)
                    .after(&after),
            )?;
        }
    }
    Ok(missed)
}

/// A deadline of ours that another unit of work ended since it was read: this one runs again.
fn ended(row: Option<Deadline>) -> Result<Deadline, DbError> {
    row.ok_or_else(|| DbError::Serialization("the deadline ended meanwhile".to_owned()))
}

fn end(
    tx: &mut Tx,
    before: &Deadline,
    status: DeadlineStatus,
    done_on: NaiveDate,
    note: Option<Note>,
) -> Result<Option<Deadline>, DbError> {
    let after = Deadline {
        status,
        done_note: note,
        done_on: Some(done_on),
        done_by: Some(tx.caller().subject.clone()),
        done_at: Some(tx.now()),
        ..before.clone()
    };
    let Some(after) = store::end_if_unchanged(tx, &after)? else {
        return Ok(None);
    };
    let action = match status {
        DeadlineStatus::Met => "deadline.met",
        DeadlineStatus::Withdrawn => "deadline.withdrawn",
        DeadlineStatus::Missed | DeadlineStatus::Open => "deadline.missed",
    };
    tx.record(Change::new(action, after.id).before(before).after(&after))?;
    Ok(Some(after))
}
