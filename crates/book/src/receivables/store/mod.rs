//! Queries on the receivables ledger.

pub mod alike;
mod conduct;
mod credits;
mod duplicates;
mod instruments;
mod items;
mod lists;
mod orders;
mod prepayments;
mod refunds;
mod selling;
mod settlements;

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};

use super::model::{
    DocumentRef, DocumentStatus, Invoice, InvoiceRef, InvoiceStatus, Receipt, ReceiptRef,
};
use crate::platform::db::schema::{invoice_labels, invoices, receipts};
use crate::platform::db::{Conn, Db, DbError, Tx, on_backend};
use kernel::columns::IdColumn;
use kernel::ids::{CustomerId, InvoiceId, LegalEntityId, ReceiptId};
use kernel::text::{Keyword, Number};

pub use conduct::{list_invoice_parts, list_payments, list_sales, list_unpaid};
pub use credits::{
    find_credit_note, insert_credit_notes, list_credit_notes_by_numbers, taken_credit_note_numbers,
    update_credit_note_if_unchanged,
};
pub use duplicates::{Window, list_counterparts, list_recognised};
pub use instruments::instrument_behind;
pub use items::{
    cancel_items, find_item, insert_items, list_items, list_items_by_ids, list_items_of,
    list_open_invoices, save_due_date, save_items, update_due_date_if_unchanged,
};
pub use lists::{list_credit_notes, list_invoices, list_receipts, list_settlements};
pub use orders::save_orders;
pub use prepayments::{find_requested, list_prepayments};
pub use refunds::list_freed_refunds;
pub use selling::save_sale;
pub use settlements::{
    find_settlement, insert_settlements, list_settlements_of, list_undoings, sum_let_go,
};

/// How many values one statement is bound to at most.
const CHUNK: usize = 5_000;

/// The invoice under this reference: of several with one number the living one, else the one that was cancelled last.
pub fn find_invoice(db: &mut Db, reference: &InvoiceRef) -> Result<Option<Invoice>, DbError> {
    let found: Vec<Invoice> = on_backend!(db, |c| {
        let query = invoices::table.select(Invoice::as_select()).into_boxed();
        match reference {
            DocumentRef::Id(id) => query.filter(invoices::id.eq(id)),
            DocumentRef::Number(number) => query.filter(invoices::number.eq(number)),
        }
        .order((
            invoices::status.eq(InvoiceStatus::Cancelled).asc(),
            invoices::id.desc(),
        ))
        .limit(2)
        .load(c)
    })?;
    the_one(found, |found| {
        let is_living = found.status != InvoiceStatus::Cancelled;
        (found.number.clone(), is_living)
    })
}

/// The first of the documents that were found by one reference. Two that live have their number from two legal entities,
/// and nobody can say which is meant.
fn the_one<T>(found: Vec<T>, of: impl Fn(&T) -> (Number, bool)) -> Result<Option<T>, DbError> {
    if let [one, other] = found.as_slice()
        && of(one).1
        && of(other).1
    {
        let number = of(one).0.into();
        return Err(DbError::Ambiguous { number });
    }
    Ok(found.into_iter().next())
}

/// The receipt under this reference: of several with one number the living one, else the last.
pub fn find_receipt(db: &mut Db, reference: &ReceiptRef) -> Result<Option<Receipt>, DbError> {
    let found: Vec<Receipt> = on_backend!(db, |c| {
        let query = receipts::table.select(Receipt::as_select()).into_boxed();
        match reference {
            DocumentRef::Id(id) => query.filter(receipts::id.eq(id)),
            DocumentRef::Number(number) => query.filter(receipts::number.eq(number)),
        }
        .order((
            receipts::status.eq(DocumentStatus::Reversed).asc(),
            receipts::id.desc(),
        ))
        .limit(2)
        .load(c)
    })?;
    the_one(found, |found| {
        let is_living = found.status != DocumentStatus::Reversed;
        (found.number.clone(), is_living)
    })
}

/// The invoices under these ids and numbers, each number as [`find_invoice`] has it.
pub fn list_invoices_by_refs(
    db: &mut Db,
    references: &[&InvoiceRef],
) -> Result<Vec<Invoice>, DbError> {
    let mut ids: Vec<InvoiceId> = Vec::new();
    let mut numbers: Vec<&Number> = Vec::new();
    for reference in references {
        match reference {
            DocumentRef::Id(id) => ids.push(*id),
            DocumentRef::Number(number) => numbers.push(number),
        }
    }
    let mut found: Vec<Invoice> = Vec::new();
    for chunk in ids.chunks(CHUNK) {
        let rows: Vec<Invoice> = on_backend!(db, |c| invoices::table
            .filter(invoices::id.eq_any(chunk))
            .select(Invoice::as_select())
            .load(c))?;
        found.extend(rows);
    }
    let mut named = list_invoices_by_numbers(db, &numbers)?;
    let key = |invoice: &Invoice| (invoice.number.clone(), invoice.legal_entity_id);
    named.dedup_by(|next, kept| key(next) == key(kept));
    found.extend(named);
    Ok(found)
}

/// All invoices that have or had these numbers: by number and legal entity, the living one first, then those that were cancelled, the
/// last of them first.
pub fn list_invoices_by_numbers(db: &mut Db, numbers: &[&Number]) -> Result<Vec<Invoice>, DbError> {
    let mut found: Vec<Invoice> = Vec::new();
    let numbers: Vec<&Number> = numbers
        .iter()
        .copied()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    for chunk in numbers.chunks(CHUNK) {
        let rows: Vec<Invoice> = on_backend!(db, |c| invoices::table
            .filter(invoices::number.eq_any(chunk.iter().copied()))
            .order((
                invoices::number,
                invoices::legal_entity_id,
                invoices::status.eq(InvoiceStatus::Cancelled).asc(),
                invoices::id.desc(),
            ))
            .select(Invoice::as_select())
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

/// Whose the invoices are that have or had these numbers.
pub fn list_debtors(
    db: &mut Db,
    numbers: &BTreeSet<&Number>,
) -> Result<BTreeSet<CustomerId>, DbError> {
    let numbers: Vec<&Number> = numbers.iter().copied().collect();
    let mut found = BTreeSet::new();
    for chunk in numbers.chunks(CHUNK) {
        let rows: Vec<CustomerId> = on_backend!(db, |c| invoices::table
            .filter(invoices::number.eq_any(chunk.iter().copied()))
            .select(invoices::customer_id)
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

/// Inserts those invoices whose number is free, the first of several with the same, and says which were inserted.
pub fn insert_invoices(tx: &mut Tx, rows: &[Invoice]) -> Result<BTreeSet<InvoiceId>, DbError> {
    let mut inserted = BTreeSet::new();
    for chunk in rows.chunks(500) {
        let ids: Vec<InvoiceId> = on_backend!(tx, |c| diesel::insert_into(invoices::table)
            .values(chunk)
            .on_conflict_do_nothing()
            .returning(invoices::id)
            .get_results(c))?;
        inserted.extend(ids);
    }
    let posted = rows.iter().filter(|row| inserted.contains(&row.id));
    let labels: Vec<(Keyword, InvoiceId)> = posted
        .flat_map(|row| row.label_list().into_iter().map(|label| (label, row.id)))
        .collect();
    for chunk in labels.chunks(1_000) {
        let rows: Vec<_> = chunk
            .iter()
            .map(|(label, id)| {
                (
                    invoice_labels::label.eq(label),
                    invoice_labels::invoice_id.eq(*id),
                )
            })
            .collect();
        on_backend!(tx, |c| diesel::insert_into(invoice_labels::table)
            .values(rows)
            .execute(c))?;
    }
    Ok(inserted)
}

pub fn insert_receipts(tx: &mut Tx, rows: &[Receipt]) -> Result<(), DbError> {
    for chunk in rows.chunks(500) {
        on_backend!(tx, |c| diesel::insert_into(receipts::table)
            .values(chunk)
            .execute(c))?;
    }
    Ok(())
}

/// All receipts that have or had these numbers.
pub fn list_receipts_by_numbers(db: &mut Db, numbers: &[&Number]) -> Result<Vec<Receipt>, DbError> {
    let mut found: Vec<Receipt> = Vec::new();
    for chunk in numbers.chunks(CHUNK) {
        let rows: Vec<Receipt> = on_backend!(db, |c| receipts::table
            .filter(receipts::number.eq_any(chunk.iter().copied()))
            .select(Receipt::as_select())
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

/// The receipts under these ids, in order of id.
pub fn list_receipts_by_ids(db: &mut Db, ids: &[ReceiptId]) -> Result<Vec<Receipt>, DbError> {
    let mut found: Vec<Receipt> = Vec::new();
    for chunk in ids.chunks(CHUNK) {
        let rows: Vec<Receipt> = on_backend!(db, |c| receipts::table
            .filter(receipts::id.eq_any(chunk))
            .order(receipts::id)
            .select(Receipt::as_select())
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

/// Which of these numbers living receipts have, with the receipts.
pub fn taken_receipt_numbers(
    db: &mut Db,
    numbers: &[&Number],
) -> Result<BTreeMap<(Number, LegalEntityId), ReceiptId>, DbError> {
    let mut taken = BTreeMap::new();
    for chunk in numbers.chunks(CHUNK) {
        let found: Vec<(Number, LegalEntityId, ReceiptId)> = on_backend!(db, |c| receipts::table
            .filter(receipts::number.eq_any(chunk.iter().copied()))
            .filter(receipts::status.eq(DocumentStatus::Posted))
            .select((receipts::number, receipts::legal_entity_id, receipts::id))
            .load(c))?;
        let found = found.into_iter();
        taken.extend(found.map(|(number, entity, id)| ((number, entity), id)));
    }
    Ok(taken)
}

/// Writes what is open on these invoices, and their status: one statement on PostgreSQL, a prepared one for each row
/// on SQLite. The invoices' accounts must be locked.
pub fn save_balances(tx: &mut Tx, rows: &[&Invoice]) -> Result<(), DbError> {
    match tx.conn() {
        Conn::Postgres(c) => {
            diesel::sql_query(
                "UPDATE invoices i SET open_minor = m.open, status = m.status, version = i.version + 1 \
                 FROM UNNEST($1, $2, $3) AS m(id, open, status) WHERE i.id = m.id",
            )
            .bind::<Array<IdColumn>, _>(rows.iter().map(|row| row.id).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>(rows.iter().map(|row| row.open_minor).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(rows.iter().map(|row| row.status.as_str()).collect::<Vec<_>>())
            .execute(&mut **c)?;
        }
        Conn::Sqlite(c) => {
            for row in rows {
                diesel::update(invoices::table.find(row.id))
                    .set((
                        invoices::open_minor.eq(row.open_minor),
                        invoices::status.eq(row.status),
                        invoices::version.eq(invoices::version + 1),
                    ))
                    .execute(&mut **c)?;
            }
        }
    }
    Ok(())
}

/// Writes a cancelled invoice when it still has the version that it was read with, and gives it as it is now.
pub fn cancel_invoice(tx: &mut Tx, invoice: &Invoice) -> Result<Option<Invoice>, DbError> {
    Ok(on_backend!(tx, |c| diesel::update(
        invoices::table
            .find(invoice.id)
            .filter(invoices::version.eq(invoice.version))
    )
    .set((
        invoices::open_minor.eq(invoice.open_minor),
        invoices::status.eq(invoice.status),
        invoices::cancelled_on.eq(invoice.cancelled_on),
        invoices::cancel_reason.eq(&invoice.cancel_reason),
        invoices::cancel_entered_on.eq(invoice.cancel_entered_on),
        invoices::version.eq(invoices::version + 1),
    ))
    .returning(Invoice::as_returning())
    .get_result(c)
    .optional())?)
}

/// Writes a receipt when it still has the version that it was read with, and gives it as it is now.
pub fn update_receipt_if_unchanged(
    tx: &mut Tx,
    receipt: &Receipt,
) -> Result<Option<Receipt>, DbError> {
    Ok(on_backend!(tx, |c| diesel::update(
        receipts::table
            .find(receipt.id)
            .filter(receipts::version.eq(receipt.version))
    )
    .set((
        receipts::unapplied_minor.eq(receipt.unapplied_minor),
        receipts::refunded_minor.eq(receipt.refunded_minor),
        receipts::prepaid_order_number.eq(&receipt.prepaid_order_number),
        receipts::possible_duplicate_of.eq(receipt.possible_duplicate_of),
        receipts::recognised_as.eq(&receipt.recognised_as),
        receipts::status.eq(receipt.status),
        receipts::reversed_on.eq(receipt.reversed_on),
        receipts::reverse_reason.eq(&receipt.reverse_reason),
        receipts::reverse_entered_on.eq(receipt.reverse_entered_on),
        receipts::version.eq(receipts::version + 1),
    ))
    .returning(Receipt::as_returning())
    .get_result(c)
    .optional())?)
}
