//! Queries on what orders hold, and on what was delivered and invoiced of them.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text};

use crate::book::exposure::model::{
    DEFAULT_PURPOSE, EntryCategory, ExposureEntry, OrderDocumentId, OrderInvoice, Reservation,
    ReservationCapture, ReservationStatus,
};
use crate::platform::db::schema::{
    exposure_entries, order_invoices, reservation_captures, reservations,
};
use crate::platform::db::{Conn, Db, DbError, Tx, on_backend};
use kernel::columns::{IdColumn, InstantColumn};
use kernel::ids::{CreditAccountId, CustomerId, InvoiceId, ReservationId};

/// How many values one statement is bound to at most.
const CHUNK: usize = 5_000;

/// Reservations that hold, and those that were captured: what is invoiced past them goes past their orders.
const HELD_OR_CAPTURED: [ReservationStatus; 3] = [
    ReservationStatus::Active,
    ReservationStatus::PartiallyCaptured,
    ReservationStatus::Captured,
];

/// The reservations of orders of these numbers that hold or were captured, the oldest first. Some may be of other
/// customers than of those that are meant.
pub fn list_reservations(
    db: &mut Db,
    customers: &[CustomerId],
    numbers: &[&str],
) -> Result<Vec<Reservation>, DbError> {
    let mut found: Vec<Reservation> = Vec::new();
    for chunk in numbers.chunks(CHUNK) {
        let rows: Vec<Reservation> = on_backend!(db, |c| reservations::table
            .filter(reservations::order_number.eq_any(chunk))
            .filter(reservations::customer_id.eq_any(customers))
            .filter(reservations::purpose.eq(DEFAULT_PURPOSE))
            .filter(reservations::status.eq_any(HELD_OR_CAPTURED))
            .order(reservations::id)
            .select(Reservation::as_select())
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

pub fn list_reservations_by_ids(
    db: &mut Db,
    ids: &[ReservationId],
) -> Result<Vec<Reservation>, DbError> {
    Ok(on_backend!(db, |c| reservations::table
        .filter(reservations::id.eq_any(ids))
        .select(Reservation::as_select())
        .load(c))?)
}

/// Whether an order has another reservation for the same purpose by now.
pub fn is_replaced(db: &mut Db, reservation: &Reservation) -> Result<bool, DbError> {
    use reservations::dsl;
    Ok(on_backend!(db, |c| diesel::select(diesel::dsl::exists(
        dsl::reservations
            .filter(dsl::order_number.eq(&reservation.order_number))
            .filter(dsl::customer_id.eq(reservation.customer_id))
            .filter(dsl::purpose.eq(&reservation.purpose))
            .filter(dsl::status.eq_any([
                ReservationStatus::Active,
                ReservationStatus::PartiallyCaptured,
            ]))
            .filter(dsl::id.ne(reservation.id))
    ))
    .get_result(c))?)
}

/// What was delivered of orders of these numbers, the oldest first.
pub fn list_deliveries(
    db: &mut Db,
    accounts: &[CreditAccountId],
    numbers: &[&str],
) -> Result<Vec<ExposureEntry>, DbError> {
    let mut found: Vec<ExposureEntry> = Vec::new();
    for chunk in numbers.chunks(CHUNK) {
        let rows: Vec<ExposureEntry> = on_backend!(db, |c| exposure_entries::table
            .filter(exposure_entries::account_id.eq_any(accounts))
            .filter(exposure_entries::order_number.eq_any(chunk))
            .filter(exposure_entries::category.eq(EntryCategory::DeliveredNotBilled))
            .order((exposure_entries::entry_date, exposure_entries::id))
            .select(ExposureEntry::as_select())
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}

/// The invoices of an order, the oldest first.
pub fn list_invoices(
    db: &mut Db,
    account: CreditAccountId,
    number: &str,
) -> Result<Vec<OrderInvoice>, DbError> {
    Ok(on_backend!(db, |c| order_invoices::table
        .filter(order_invoices::account_id.eq(account))
        .filter(order_invoices::order_number.eq(number))
        .order(order_invoices::invoice_id)
        .select(OrderInvoice::as_select())
        .load(c))?)
}

pub fn find_invoice(db: &mut Db, invoice: InvoiceId) -> Result<Option<OrderInvoice>, DbError> {
    Ok(on_backend!(db, |c| order_invoices::table
        .find(invoice)
        .select(OrderInvoice::as_select())
        .first(c)
        .optional())?)
}

pub fn insert_invoices(tx: &mut Tx, rows: &[OrderInvoice]) -> Result<(), DbError> {
    for chunk in rows.chunks(500) {
        on_backend!(tx, |c| diesel::insert_into(order_invoices::table)
            .values(chunk)
            .execute(c))?;
    }
    Ok(())
}

/// Writes what became known of an order's invoice since it was posted.
pub fn update_invoice(tx: &mut Tx, row: &OrderInvoice) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::update(
        order_invoices::table.find(row.invoice_id)
    )
    .set((
        order_invoices::matched_minor.eq(row.matched_minor),
        order_invoices::restored_at.eq(row.restored_at),
    ))
    .execute(c))?;
    Ok(())
}

/// What a document took of a reservation; nothing when it took nothing.
pub fn captured_minor(
    db: &mut Db,
    reservation: ReservationId,
    document: OrderDocumentId,
) -> Result<i64, DbError> {
    let found: Option<i64> = on_backend!(db, |c| reservation_captures::table
        .find((reservation, document))
        .select(reservation_captures::captured_minor)
        .first(c)
        .optional())?;
    Ok(found.unwrap_or_default())
}

/// What these documents took of a reservation.
pub fn list_captures(
    db: &mut Db,
    reservation: ReservationId,
    documents: &[OrderDocumentId],
) -> Result<Vec<ReservationCapture>, DbError> {
    Ok(on_backend!(db, |c| reservation_captures::table
        .filter(reservation_captures::reservation_id.eq(reservation))
        .filter(reservation_captures::document_id.eq_any(documents))
        .select(ReservationCapture::as_select())
        .load(c))?)
}

/// Writes what documents took of reservations, in place of what was written of them before.
pub fn save_captures(tx: &mut Tx, rows: &[ReservationCapture]) -> Result<(), DbError> {
    for chunk in rows.chunks(500) {
        match tx.conn() {
            Conn::Postgres(c) => {
                diesel::sql_query(
                    "INSERT INTO reservation_captures (reservation_id, document_id, captured_minor) \
                     SELECT * FROM UNNEST($1, $2, $3) ON CONFLICT (reservation_id, document_id) \
                     DO UPDATE SET captured_minor = excluded.captured_minor",
                )
                .bind::<Array<IdColumn>, _>(
                    chunk.iter().map(|row| row.reservation_id).collect::<Vec<_>>(),
                )
                .bind::<Array<IdColumn>, _>(
                    chunk.iter().map(|row| row.document_id).collect::<Vec<_>>(),
                )
                .bind::<Array<BigInt>, _>(
                    chunk.iter().map(|row| row.captured_minor).collect::<Vec<_>>(),
                )
                .execute(&mut **c)?;
            }
            Conn::Sqlite(c) => {
                for row in chunk {
                    diesel::insert_into(reservation_captures::table)
                        .values(row)
                        .on_conflict((
                            reservation_captures::reservation_id,
                            reservation_captures::document_id,
                        ))
                        .do_update()
                        .set(reservation_captures::captured_minor.eq(row.captured_minor))
                        .execute(&mut **c)?;
                }
            }
        }
    }
    Ok(())
}

/// Writes what happened to reservations; their accounts must be locked.
pub fn save_reservations(tx: &mut Tx, rows: &[Reservation]) -> Result<(), DbError> {
    match tx.conn() {
        _ if rows.is_empty() => {}
        Conn::Postgres(c) => {
            diesel::sql_query(
                "UPDATE reservations r SET amount_minor = m.amount, captured_minor = m.captured, status = m.status, \
                 ended_at = m.ended, end_reason = m.reason, version = m.version \
                 FROM UNNEST($1, $2, $3, $4, $5, $6, $7) AS m(id, amount, captured, status, ended, reason, version) \
                 WHERE r.id = m.id",
            )
            .bind::<Array<IdColumn>, _>(rows.iter().map(|row| row.id).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>(rows.iter().map(|row| row.amount_minor).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>(rows.iter().map(|row| row.captured_minor).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(rows.iter().map(|row| row.status.as_str()).collect::<Vec<_>>())
            .bind::<Array<Nullable<InstantColumn>>, _>(
                rows.iter().map(|row| row.ended_at).collect::<Vec<_>>(),
            )
            .bind::<Array<Nullable<Text>>, _>(
                rows.iter().map(|row| row.end_reason.as_deref()).collect::<Vec<_>>(),
            )
            .bind::<Array<BigInt>, _>(rows.iter().map(|row| row.version).collect::<Vec<_>>())
            .execute(&mut **c)?;
        }
        Conn::Sqlite(c) => {
            for row in rows {
                diesel::update(reservations::table.find(row.id))
                    .set((
                        reservations::amount_minor.eq(row.amount_minor),
                        reservations::captured_minor.eq(row.captured_minor),
                        reservations::status.eq(row.status),
                        reservations::ended_at.eq(row.ended_at),
                        reservations::end_reason.eq(&row.end_reason),
                        reservations::version.eq(row.version),
                    ))
                    .execute(&mut **c)?;
            }
        }
    }
    Ok(())
}

/// Writes what was billed of deliveries; their accounts must be locked.
pub fn save_deliveries(tx: &mut Tx, rows: &[ExposureEntry]) -> Result<(), DbError> {
    match tx.conn() {
        _ if rows.is_empty() => {}
        Conn::Postgres(c) => {
            diesel::sql_query(
                "UPDATE exposure_entries e SET amount_minor = m.amount, billed_minor = m.billed, version = m.version \
                 FROM UNNEST($1, $2, $3, $4) AS m(id, amount, billed, version) WHERE e.id = m.id",
            )
            .bind::<Array<IdColumn>, _>(rows.iter().map(|row| row.id).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>(rows.iter().map(|row| row.amount_minor).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>(rows.iter().map(|row| row.billed_minor).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>(rows.iter().map(|row| row.version).collect::<Vec<_>>())
            .execute(&mut **c)?;
        }
        Conn::Sqlite(c) => {
            for row in rows {
                diesel::update(exposure_entries::table.find(row.id))
                    .set((
                        exposure_entries::amount_minor.eq(row.amount_minor),
                        exposure_entries::billed_minor.eq(row.billed_minor),
                        exposure_entries::version.eq(row.version),
                    ))
                    .execute(&mut **c)?;
            }
        }
    }
    Ok(())
}
