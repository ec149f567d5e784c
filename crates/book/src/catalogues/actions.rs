//! What is done with catalogues.

use super::input::{CatalogueIn, CataloguePatch};
use super::model::{Catalogue, CatalogueRow, Item};
use super::{rules, store};
use crate::platform::db::{Db, DbError, Tx, read_document};
use crate::platform::versions::actions as versions;
use crate::platform::versions::model::VersionError;
use crate::platform::versions::rules as version_rules;
use crate::platform::versions::store::{VersionTable as _, lock_live};
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
    let Ok(code) = code.parse() else {
        return Ok(None);
    };
    let row = CatalogueRow::find_live(db, &code)?;
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
        let reason = "The catalogue that a new book begins with.";
        versions::begin::<CatalogueRow>(tx, code, &catalogue, reason)?;
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
    let live = lock_live::<CatalogueRow>(tx, code)?.ok_or(CatalogueError::Missing)?;
    let next = Catalogue {
        texts: input.texts.clone(),
        items: input.items.clone(),
    };
    check(&next, &live)?;
    Ok(versions::draft(tx, code.clone(), &next, &input.reason)?)
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
    let live = lock_live::<CatalogueRow>(tx, code)?.ok_or(CatalogueError::Missing)?;
    let before = find(tx, code, number)?;
    let changed = version_rules::change(&before, read, &tx.caller().subject)?;
    let mut next: Catalogue = read_document(&before.document)?;
    if let Some(texts) = &patch.texts {
        next.texts = texts.clone();
    }
    if let Some(items) = &patch.items {
        next.items.clone_from(items);
    }
    check(&next, &live)?;
    versions::rewrite(tx, &before, changed, &next, &patch.reason)
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
    let live = lock_live::<CatalogueRow>(tx, code)?.ok_or(CatalogueError::Missing)?;
    let before = find(tx, code, number)?;
    let (by, now) = (&tx.caller().subject, tx.now());
    let step = version_rules::approve(&before, read, Some(&live), by, now)?;
    check(&read_document(&before.document)?, &live)?;
    versions::succeed(tx, &before, Some(&live), &step, reason)
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
