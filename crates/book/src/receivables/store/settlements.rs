//! Queries on settlements: appended, never changed.

use diesel::prelude::*;

use crate::book::receivables::model::{Settlement, SettlementKind, ShortPaymentRest, Source};
use crate::platform::db::schema::settlements;
use crate::platform::db::{Db, DbError, Tx, on_backend};
use kernel::ids::{InvoiceId, ItemId, SettlementId};
use kernel::money::sum_minor;

pub fn insert_settlements(tx: &mut Tx, rows: &[&Settlement]) -> Result<(), DbError> {
    for chunk in rows.chunks(1_000) {
        let rows: Vec<&Settlement> = chunk.to_vec();
        on_backend!(tx, |c| diesel::insert_into(settlements::table)
            .values(rows)
            .execute(c))?;
    }
    Ok(())
}

pub fn find_settlement(db: &mut Db, id: SettlementId) -> Result<Option<Settlement>, DbError> {
    Ok(on_backend!(db, |c| settlements::table
        .find(id)
        .select(Settlement::as_select())
        .first(c)
        .optional())?)
}

/// What undid a settlement of an invoice.
pub fn list_undoings(db: &mut Db, row: &Settlement) -> Result<Vec<Settlement>, DbError> {
    Ok(on_backend!(db, |c| settlements::table
        .filter(settlements::invoice_id.eq(row.invoice_id))
        .filter(settlements::reverses_id.eq(row.id))
        .select(Settlement::as_select())
        .load(c))?)
}

/// What a person let go of items of an invoice, less what of it was undone.
pub fn sum_let_go(db: &mut Db, invoice: InvoiceId, items: &[ItemId]) -> Result<i64, DbError> {
    let kinds = ShortPaymentRest::ALL.iter();
    let kinds: Vec<SettlementKind> = kinds.filter_map(|rest| rest.settles()).collect();
    let amounts: Vec<i64> = on_backend!(db, |c| settlements::table
        .filter(settlements::invoice_id.eq(invoice))
        .filter(settlements::item_id.eq_any(items.iter().copied().map(Some)))
        .filter(settlements::kind.eq_any(&kinds))
        .select(settlements::amount_minor)
        .load(c))?;
    Ok(sum_minor(amounts)?)
}

/// Everything that a receipt or credit note settled, with what undid it.
pub fn list_settlements_of(db: &mut Db, source: Source) -> Result<Vec<Settlement>, DbError> {
    Ok(on_backend!(db, |c| {
        let query = settlements::table
            .select(Settlement::as_select())
            .order(settlements::id)
            .into_boxed();
        match source {
            Source::Receipt(id) => query.filter(settlements::receipt_id.eq(id)),
            Source::CreditNote(id) => query.filter(settlements::credit_note_id.eq(id)),
        }
        .load(c)
    })?)
}
