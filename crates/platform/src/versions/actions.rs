//! The steps of a version's life in a room's table, each with its trail entry. A room finds the version and checks what
//! is its own; what it means to be drafted, approved and retired is the same for all and stands here and in the rules.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::model::{Drafted, Stage, Succession, VersionError, Written};
use super::rules;
use super::store::{NumberedTable, VersionTable, lock_live};
use crate::platform::db::{Change, DbError, Tx, write_document};
use kernel::text::Note;

/// What a refused step is to a room: a step that may not be taken, or a database that fails.
pub trait StepError: From<VersionError> + From<DbError> {}

impl<E: From<VersionError> + From<DbError>> StepError for E {}

/// Sets the first version of a slot live, which nobody has to approve, as when a book is opened. Its slot is empty.
///
/// # Errors
/// When the database fails.
pub fn begin<V: Drafted + VersionTable>(
    tx: &mut Tx,
    slot: V::Slot,
    document: &(impl Serialize + DeserializeOwned),
    reason: &str,
) -> Result<V, DbError> {
    let mut row: V = new(tx, slot, 1, document, reason)?;
    row.enter(Stage::Live, tx.now());
    add(tx, V::EVENTS.live, &row, reason)?;
    Ok(row)
}

/// Drafts the next version of a slot.
///
/// # Errors
/// When the database fails.
pub fn draft<V: Drafted + NumberedTable>(
    tx: &mut Tx,
    slot: V::Slot,
    document: &(impl Serialize + DeserializeOwned),
    reason: &Note,
) -> Result<V, DbError> {
    lock_live::<V>(tx, &slot)?;
    let number = V::last_number(tx, &slot)?.saturating_add(1);
    let row: V = new(tx, slot, number, document, reason.as_str())?;
    add(tx, V::EVENTS.drafted, &row, reason.as_str())?;
    Ok(row)
}

/// Writes a new version, under the event that tells how it came about.
///
/// # Errors
/// When the database fails.
pub fn add<V: VersionTable>(
    tx: &mut Tx,
    event: &'static str,
    row: &V,
    reason: &str,
) -> Result<(), DbError> {
    V::insert(tx, row)?;
    tx.record(Change::new(event, row.name()).after(row).because(reason))
}

/// Writes what a draft says now; `changed` is what [`rules::change`] gave.
///
/// # Errors
/// When the row was changed meanwhile, or the database fails.
pub fn rewrite<V: Drafted + VersionTable, E: StepError>(
    tx: &mut Tx,
    before: &V,
    changed: V,
    document: &(impl Serialize + DeserializeOwned),
    reason: &Note,
) -> Result<V, E> {
    let after = changed.rewritten(written(document, reason.as_str())?);
    save(tx, before, &after, reason)
}

/// Approves a version. `live` is the one that is live in its slot, locked.
///
/// # Errors
/// When [`rules::approve`] refuses it, the row was changed meanwhile, or the database fails.
pub fn approve<V: VersionTable, E: StepError>(
    tx: &mut Tx,
    before: &V,
    read: i64,
    live: Option<&V>,
    reason: &Note,
) -> Result<V, E> {
    let step = rules::approve(before, read, live, &tx.caller().subject, tx.now())?;
    succeed(tx, before, live, &step, reason)
}

/// Writes what a step made of a version and of the one that was live, which is retired first.
///
/// # Errors
/// When a row was changed meanwhile, or the database fails.
pub fn succeed<V: VersionTable, E: StepError>(
    tx: &mut Tx,
    before: &V,
    live: Option<&V>,
    step: &Succession<V>,
    reason: &Note,
) -> Result<V, E> {
    if let (Some(live), Some(retired)) = (live, &step.retired) {
        save::<V, E>(tx, live, retired, reason)?;
    }
    save(tx, before, &step.version, reason)
}

/// Writes a version as it becomes, under the event of the stage that it comes to.
///
/// # Errors
/// When the row was changed meanwhile, or the database fails.
pub fn save<V: VersionTable, E: StepError>(
    tx: &mut Tx,
    before: &V,
    after: &V,
    reason: &Note,
) -> Result<V, E> {
    let after = V::update_if_unchanged(tx, after)?.ok_or(VersionError::Stale)?;
    tx.record(
        Change::new(V::EVENTS.of(after.stage()), after.name())
            .before(before)
            .after(&after)
            .because(reason),
    )?;
    Ok(after)
}

fn new<V: Drafted>(
    tx: &Tx,
    slot: V::Slot,
    number: i32,
    document: &(impl Serialize + DeserializeOwned),
    reason: &str,
) -> Result<V, DbError> {
    let by = &tx.caller().subject;
    Ok(V::drafted(
        slot,
        number,
        written(document, reason)?,
        by,
        tx.now(),
    ))
}

fn written(
    document: &(impl Serialize + DeserializeOwned),
    reason: &str,
) -> Result<Written, DbError> {
    Ok(Written {
        document: write_document(document)?,
        reason: reason.to_owned(),
    })
}
