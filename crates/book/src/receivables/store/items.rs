//! Queries on items: what is open of invoices.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text};

use super::CHUNK;
use crate::book::customers::store::list_wanted;
use crate::book::entities::store as entities;
use crate::book::receivables::input::ItemFilter;
use crate::book::receivables::model::{Invoice, Item};
use crate::platform::db::schema::{customers, invoice_items, invoice_labels, invoices};
use crate::platform::db::{Conn, Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::caller::Caller;
use kernel::columns::IdColumn;
use kernel::ids::{CustomerId, InvoiceId, ItemId};

pub fn find_item(db: &mut Db, id: ItemId) -> Result<Option<Item>, DbError> {
    Ok(on_backend!(db, |c| invoice_items::table
        .find(id)
        .select(Item::as_select())
        .first(c)
        .optional())?)
}

/// These items, those that there are.
pub fn list_items_by_ids(db: &mut Db, ids: &[ItemId]) -> Result<Vec<Item>, DbError> {
    let mut found: Vec<Item> = Vec::new();
    for chunk in ids.chunks(CHUNK) {
        let rows: Vec<Item> = on_backend!(db, |c| invoice_items::table
            .filter(invoice_items::id.eq_any(chunk))
            .select(Item::as_select())
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

/// The items of these invoices, each invoice's in their order.
pub fn list_items_of(db: &mut Db, invoices: &[InvoiceId]) -> Result<Vec<Item>, DbError> {
    let mut found: Vec<Item> = Vec::new();
    for chunk in invoices.chunks(CHUNK) {
        let rows: Vec<Item> = on_backend!(db, |c| invoice_items::table
            .filter(invoice_items::invoice_id.eq_any(chunk))
            .order((invoice_items::invoice_id, invoice_items::position))
            .select(Item::as_select())
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

/// The invoices of these customers on which something is open.
pub fn list_open_invoices(db: &mut Db, customers: &[CustomerId]) -> Result<Vec<Invoice>, DbError> {
    let mut found: Vec<Invoice> = Vec::new();
    for chunk in customers.chunks(CHUNK) {
        let open = invoice_items::table
            .filter(invoice_items::customer_id.eq_any(chunk))
            .filter(invoice_items::open_minor.gt(0))
            .select(invoice_items::invoice_id);
        let rows: Vec<Invoice> = on_backend!(db, |c| invoices::table
            .filter(invoices::id.eq_any(open))
            .select(Invoice::as_select())
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

pub fn insert_items(tx: &mut Tx, rows: &[&Item]) -> Result<(), DbError> {
    for chunk in rows.chunks(1_000) {
        let rows: Vec<&Item> = chunk.to_vec();
        on_backend!(tx, |c| diesel::insert_into(invoice_items::table)
            .values(rows)
            .execute(c))?;
    }
    Ok(())
}

/// Writes what is open of these items, and why: one statement on PostgreSQL, a prepared one for each row on SQLite. Their
/// accounts must be locked.
pub fn save_items(tx: &mut Tx, rows: &[&Item]) -> Result<(), DbError> {
    if rows.is_empty() {
        return Ok(());
    }
    match tx.conn() {
        Conn::Postgres(c) => {
            let reasons: Vec<Option<&str>> =
                rows.iter().map(|row| row.open_reason.as_deref()).collect();
            diesel::sql_query(
                "UPDATE invoice_items i SET open_minor = m.open, open_reason = m.reason, version = i.version + 1 \
                 FROM UNNEST($1, $2, $3) AS m(id, open, reason) WHERE i.id = m.id",
            )
            .bind::<Array<IdColumn>, _>(rows.iter().map(|row| row.id).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>(rows.iter().map(|row| row.open_minor).collect::<Vec<_>>())
            .bind::<Array<Nullable<Text>>, _>(reasons)
            .execute(&mut **c)?;
        }
        Conn::Sqlite(c) => {
            for row in rows {
                diesel::update(invoice_items::table.find(row.id))
                    .set((
                        invoice_items::open_minor.eq(row.open_minor),
                        invoice_items::open_reason.eq(&row.open_reason),
                        invoice_items::version.eq(invoice_items::version + 1),
                    ))
                    .execute(&mut **c)?;
            }
        }
    }
    Ok(())
}

/// Closes the items of an invoice that is cancelled: nothing is open of them any more.
pub fn cancel_items(tx: &mut Tx, invoice: InvoiceId) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::update(
        invoice_items::table.filter(invoice_items::invoice_id.eq(invoice))
    )
    .set((
        invoice_items::open_minor.eq(0),
        invoice_items::version.eq(invoice_items::version + 1),
    ))
    .execute(c))?;
    Ok(())
}

/// Writes another due date when the item still has the version that it was read with, and gives it as it is now.
pub fn update_due_date_if_unchanged(tx: &mut Tx, item: &Item) -> Result<Option<Item>, DbError> {
    Ok(on_backend!(tx, |c| diesel::update(
        invoice_items::table
            .find(item.id)
            .filter(invoice_items::version.eq(item.version))
    )
    .set((
        invoice_items::due_date.eq(item.due_date),
        invoice_items::version.eq(invoice_items::version + 1),
    ))
    .returning(Item::as_returning())
    .get_result(c)
    .optional())?)
}

/// Writes when the last item of an invoice is due.
pub fn save_due_date(
    tx: &mut Tx,
    invoice: InvoiceId,
    due_date: chrono::NaiveDate,
) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::update(invoices::table.find(invoice))
        .set((
            invoices::due_date.eq(due_date),
            invoices::version.eq(invoices::version + 1),
        ))
        .execute(c))?;
    Ok(())
}

/// Keeps a query to items of invoices of which something is so.
macro_rules! of_invoices {
    ($query:ident, $is_so:expr) => {
        $query = $query.filter(
            invoice_items::invoice_id.eq_any(invoices::table.filter($is_so).select(invoices::id)),
        );
    };
}

/// One page of items whose customers the caller may see, the earliest due first.
pub fn list_items(
    db: &mut Db,
    caller: &Caller,
    filter: &ItemFilter,
    page: &PageRequest,
) -> Result<Page<Item>, Problem> {
    let wanted = list_wanted(db, &filter.customer)?;
    let entities = entities::list_wanted(db, &filter.legal_entity)?;
    on_backend!(db, |c| {
        let mut query = invoice_items::table.select(Item::as_select()).into_boxed();
        if caller.sees_only_own() {
            query = query.filter(
                invoice_items::customer_id.eq_any(
                    customers::table
                        .filter(customers::owner.eq(&caller.subject))
                        .select(customers::id),
                ),
            );
        }
        if let Some(wanted) = &wanted {
            query = query.filter(invoice_items::customer_id.eq_any(wanted));
        }
        if !filter.invoice_id.is_empty() {
            query = query.filter(invoice_items::invoice_id.eq_any(&filter.invoice_id));
        }
        if !filter.kind.is_empty() {
            query = query.filter(invoice_items::kind.eq_any(&filter.kind));
        }
        if let Some(entities) = &entities {
            of_invoices!(query, invoices::legal_entity_id.eq_any(entities));
        }
        if !filter.currency.is_empty() {
            of_invoices!(query, invoices::currency.eq_any(&filter.currency));
        }
        if !filter.label.is_empty() {
            let labelled = invoice_labels::table
                .filter(invoice_labels::label.eq_any(&filter.label))
                .select(invoice_labels::invoice_id);
            query = query.filter(invoice_items::invoice_id.eq_any(labelled));
        }
        if !filter.customer_order_number.is_empty() {
            let numbers = filter.customer_order_number.iter().map(Some);
            of_invoices!(query, invoices::customer_order_number.eq_any(numbers));
        }
        if filter.open == Some(true) {
            query = query.filter(invoice_items::open_minor.gt(0));
        }
        if filter.open == Some(false) {
            query = query.filter(invoice_items::open_minor.eq(0));
        }
        if let Some(day) = filter.due_date_from {
            query = query.filter(invoice_items::due_date.ge(day.date()));
        }
        if let Some(day) = filter.due_date_to {
            query = query.filter(invoice_items::due_date.le(day.date()));
        }
        if let Some(day) = filter.overdue_as_of {
            query = query
                .filter(invoice_items::open_minor.gt(0))
                .filter(invoice_items::due_date.lt(day.date()));
        }
        seek!(
            c,
            query,
            page,
            Item,
            asc(invoice_items::due_date, invoice_items::id)
        )
    })
}
