//! What is done with catalogues.

use super::input::{CatalogueIn, CataloguePatch};
use super::model::{Catalogue, CatalogueRow, CatalogueStatus, Item};
use super::{rules, store};
use crate::platform::db::{Change, Db, DbError, Tx, read_document, write_document};
use crate::platform::versions::model::VersionError;
use crate::platform::versions::rules as versions;
use kernel::drafters::Drafters;
use kernel::ids::CatalogueVersionId;
use kernel::text::{Note, SnakeCode, TextError};
use methods::faults::Fault;

/// Why a use case on catalogues was refused.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    #[error("there is no such catalogue, or no such version of it")]
    Missing,
    #[error("the items make no sense")]
    Faulty(Vec<Fault>),
    #[error(transparent)]
    Version(#[from] VersionError),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// What a catalogue says now; `None` when there is none of this code.
///
/// # Errors
/// When the database fails.
pub fn live(db: &mut Db, code: &str) -> Result<Option<Catalogue>, DbError> {
    let row = store::find_live(db, code)?;
    row.map(|row| read_document(&row.document)).transpose()
}

/// The item of a catalogue that may be chosen now: it is live, and not retired.
///
/// # Errors
/// When the database fails.
pub fn find_choice(db: &mut Db, catalogue: &str, item: &str) -> Result<Option<Item>, DbError> {
    let live = live(db, catalogue)?;
    let found = live.and_then(|catalogue| catalogue.find(item).cloned());
    Ok(found.filter(|item| !item.retired))
}

/// Sets those shipped catalogues live of which no version is there, as in a book that was never opened or that was
/// opened by an earlier netterms.
///
/// # Errors
/// When the database fails.
pub fn ensure_shipped(tx: &mut Tx) -> Result<(), DbError> {
    let known = store::list_codes(tx)?;
    for (code, text) in rules::SHIPPED {
        if known.iter().any(|known| known.as_str() == *code) {
            continue;
        }
        let code = code
            .parse()
            .map_err(|error: TextError| DbError::Document(error.to_string()))?;
        let catalogue: Catalogue = read_document(text)?;
        let reason = "The catalogue that a new book begins with.".to_owned();
        let row = CatalogueRow {
            status: CatalogueStatus::Live,
            live_at: Some(tx.now()),
            ..new_row(tx, code, 1, &catalogue, reason)?
        };
        store::insert(tx, &row)?;
        tx.record(
            Change::new("catalogue.live", row.id)
                .after(&row)
                .because(&row.reason),
        )?;
    }
    Ok(())
}

/// Drafts the next version of a catalogue.
///
/// # Errors
/// When there is no such catalogue, or the items make no sense after those that are live.
pub fn draft(
    tx: &mut Tx,
    code: &SnakeCode,
    input: &CatalogueIn,
) -> Result<CatalogueRow, CatalogueError> {
    let live = store::lock_live(tx, code.as_str())?.ok_or(CatalogueError::Missing)?;
    let next = Catalogue {
        texts: input.texts.clone(),
        items: input.items.clone(),
    };
    check(&next, &live)?;
    let number = store::last_number(tx, code.as_str())?.saturating_add(1);
    let row = new_row(tx, code.clone(), number, &next, input.reason.to_string())?;
    store::insert(tx, &row)?;
    tx.record(
        Change::new("catalogue.drafted", row.id)
            .after(&row)
            .because(&input.reason),
    )?;
    Ok(row)
}

/// Changes what the patch names of a draft. Whoever does so has written it too, and can't set it live.
///
/// # Errors
/// When the version is not there, is no draft, changed since the row version `read`, or the items make no sense after
/// those that are live.
pub fn change(
    tx: &mut Tx,
    code: &SnakeCode,
    number: i32,
    read: i64,
    patch: &CataloguePatch,
) -> Result<CatalogueRow, CatalogueError> {
    let live = store::lock_live(tx, code.as_str())?.ok_or(CatalogueError::Missing)?;
    let before = find(tx, code, number)?;
    let changed = versions::change(&before, read, &tx.caller().subject)?;
    let mut next: Catalogue = read_document(&before.document)?;
    if let Some(texts) = &patch.texts {
        next.texts = texts.clone();
    }
    if let Some(items) = &patch.items {
        next.items.clone_from(items);
    }
    check(&next, &live)?;
    let after = CatalogueRow {
        document: write_document(&next)?,
        reason: patch.reason.to_string(),
        ..changed
    };
    save(tx, "catalogue.changed", &before, &after, &patch.reason)
}

/// Sets a draft live at once, and retires the version that was live.
///
/// # Errors
/// When the version is not there, is no draft, changed since the row version `read`, the caller wrote it, or an item has
/// gone live meanwhile that it leaves out.
pub fn approve(
    tx: &mut Tx,
    code: &SnakeCode,
    number: i32,
    read: i64,
    reason: &Note,
) -> Result<CatalogueRow, CatalogueError> {
    let live = store::lock_live(tx, code.as_str())?.ok_or(CatalogueError::Missing)?;
    let before = find(tx, code, number)?;
    let (by, now) = (&tx.caller().subject, tx.now());
    let step = versions::approve(&before, read, Some(&live), by, now)?;
    check(&read_document(&before.document)?, &live)?;
    if let Some(retired) = step.retired {
        save(tx, "catalogue.retired", &live, &retired, reason)?;
    }
    save(tx, "catalogue.live", &before, &step.version, reason)
}

fn find(tx: &mut Tx, code: &SnakeCode, number: i32) -> Result<CatalogueRow, CatalogueError> {
    store::find_version(tx, code.as_str(), number)?.ok_or(CatalogueError::Missing)
}

fn check(next: &Catalogue, live: &CatalogueRow) -> Result<(), CatalogueError> {
    let faults = rules::faults(&next.items, &read_document(&live.document)?);
    if faults.is_empty() {
        return Ok(());
    }
    Err(CatalogueError::Faulty(faults))
}

fn new_row(
    tx: &Tx,
    code: SnakeCode,
    number: i32,
    catalogue: &Catalogue,
    reason: String,
) -> Result<CatalogueRow, DbError> {
    let author = tx.caller().subject.clone();
    Ok(CatalogueRow {
        id: CatalogueVersionId::new(),
        code,
        catalogue_version: number,
        status: CatalogueStatus::Draft,
        document: write_document(catalogue)?,
        reason,
        author: author.to_string(),
        drafters: Drafters::new(author),
        approver: None,
        created_at: tx.now(),
        live_at: None,
        retired_at: None,
        version: 1,
    })
}

fn save(
    tx: &mut Tx,
    action: &'static str,
    before: &CatalogueRow,
    after: &CatalogueRow,
    reason: &Note,
) -> Result<CatalogueRow, CatalogueError> {
    let after = store::update_if_unchanged(tx, after)?.ok_or(VersionError::Stale)?;
    tx.record(
        Change::new(action, after.id)
            .before(before)
            .after(&after)
            .because(reason),
    )?;
    Ok(after)
}
