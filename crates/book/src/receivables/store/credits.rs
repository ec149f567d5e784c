//! Queries on credit notes.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::{CHUNK, the_one};
use crate::book::receivables::model::{CreditNote, CreditNoteRef, DocumentRef, DocumentStatus};
use crate::platform::db::schema::credit_notes;
use crate::platform::db::{Db, DbError, Tx, on_backend};
use kernel::ids::{CreditNoteId, LegalEntityId};
use kernel::text::Number;

/// The credit note under this reference: of several with one number the living one, else the last.
pub fn find_credit_note(
    db: &mut Db,
    reference: &CreditNoteRef,
) -> Result<Option<CreditNote>, DbError> {
    let found: Vec<CreditNote> = on_backend!(db, |c| {
        let query = credit_notes::table
            .select(CreditNote::as_select())
            .into_boxed();
        match reference {
            DocumentRef::Id(id) => query.filter(credit_notes::id.eq(id)),
            DocumentRef::Number(number) => query.filter(credit_notes::number.eq(number)),
        }
        .order((
            credit_notes::status.eq(DocumentStatus::Reversed).asc(),
            credit_notes::id.desc(),
        ))
        .limit(2)
        .load(c)
    })?;
    the_one(found, |found| {
        let is_living = found.status != DocumentStatus::Reversed;
        (found.number.clone(), is_living)
    })
}

pub fn insert_credit_notes(tx: &mut Tx, rows: &[CreditNote]) -> Result<(), DbError> {
    for chunk in rows.chunks(500) {
        on_backend!(tx, |c| diesel::insert_into(credit_notes::table)
            .values(chunk)
            .execute(c))?;
    }
    Ok(())
}

/// All credit notes that have or had these numbers.
pub fn list_credit_notes_by_numbers(
    db: &mut Db,
    numbers: &[&Number],
) -> Result<Vec<CreditNote>, DbError> {
    let mut found: Vec<CreditNote> = Vec::new();
    for chunk in numbers.chunks(CHUNK) {
        let rows: Vec<CreditNote> = on_backend!(db, |c| credit_notes::table
            .filter(credit_notes::number.eq_any(chunk.iter().copied()))
            .select(CreditNote::as_select())
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

/// Which of these numbers living credit notes have, with the credit notes.
pub fn taken_credit_note_numbers(
    db: &mut Db,
    numbers: &[&Number],
) -> Result<BTreeMap<(Number, LegalEntityId), CreditNoteId>, DbError> {
    let found = list_credit_notes_by_numbers(db, numbers)?.into_iter();
    Ok(found
        .filter(|note| note.status == DocumentStatus::Posted)
        .map(|note| ((note.number, note.legal_entity_id), note.id))
        .collect())
}

/// Writes a credit note when it still has the version that it was read with, and gives it as it is now.
pub fn update_credit_note_if_unchanged(
    tx: &mut Tx,
    note: &CreditNote,
) -> Result<Option<CreditNote>, DbError> {
    Ok(on_backend!(tx, |c| diesel::update(
        credit_notes::table
            .find(note.id)
            .filter(credit_notes::version.eq(note.version))
    )
    .set((
        credit_notes::unapplied_minor.eq(note.unapplied_minor),
        credit_notes::status.eq(note.status),
        credit_notes::reversed_on.eq(note.reversed_on),
        credit_notes::reverse_reason.eq(&note.reverse_reason),
        credit_notes::reverse_entered_on.eq(note.reverse_entered_on),
        credit_notes::version.eq(credit_notes::version + 1),
    ))
    .returning(CreditNote::as_returning())
    .get_result(c)
    .optional())?)
}
