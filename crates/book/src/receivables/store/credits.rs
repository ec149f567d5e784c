//! Queries on the numbers of credit notes.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::CHUNK;
use crate::book::receivables::model::{CreditNote, DocumentStatus};
use crate::platform::db::schema::credit_notes;
use crate::platform::db::{Db, DbError, Tx, on_backend};
use kernel::ids::{CreditNoteId, LegalEntityId};
use kernel::text::Number;

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
