//! Receipts of money that a bank statement brought and a ledger posts as well.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date};
use diesel::sqlite::Sqlite;

use super::CHUNK;
use crate::book::receivables::input::Origin;
use crate::book::receivables::model::{DocumentStatus, Receipt};
use crate::platform::db::schema::receipts;
use crate::platform::db::{Conn, Db, DbError, on_backend};
use kernel::columns::IdColumn;
use kernel::ids::{CustomerId, ReceiptId};
use kernel::text::Number;

/// What to look for: money of a customer, of an amount, from one day to another.
pub type Window = (CustomerId, i64, NaiveDate, NaiveDate);

/// How many windows one statement asks for on SQLite, which binds four values for each.
const WINDOWS: usize = 1_000;

#[derive(QueryableByName)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
struct Found {
    #[diesel(sql_type = IdColumn)]
    id: ReceiptId,
}

/// The rest of the statement: receipts of the other origin that stand, are no doubtful case already as long as the other
/// receipt stands too, and that no other receipt is taken for.
fn of_the_other(origin: Origin) -> String {
    let brought = "EXISTS (SELECT 1 FROM bank_entry_receipts b WHERE b.receipt_id = d.id AND b.given_back_at IS NULL)";
    let side = match origin {
        Origin::Ledger => brought.to_owned(),
        Origin::Bank => format!("NOT {brought}"),
    };
    format!(
        "JOIN receipts d ON d.customer_id = w.customer AND d.amount_minor = w.minor \
         AND d.receipt_date BETWEEN w.first_day AND w.last_day \
         WHERE d.status = 'posted' AND d.recognised_as IS NULL AND {side} \
         AND NOT EXISTS (SELECT 1 FROM receipts p WHERE p.id = d.possible_duplicate_of AND p.status = 'posted') \
         AND NOT EXISTS (SELECT 1 FROM receipts o WHERE o.possible_duplicate_of = d.id AND o.status = 'posted')"
    )
}

/// The receipts that money of this origin, with such a customer, amount and day, may be once more: one statement for all of
/// it, by the index of customer, amount and day.
pub fn list_counterparts(
    db: &mut Db,
    origin: Origin,
    windows: &BTreeSet<Window>,
) -> Result<Vec<Receipt>, DbError> {
    if windows.is_empty() {
        return Ok(Vec::new());
    }
    let rest = of_the_other(origin);
    let windows: Vec<&Window> = windows.iter().collect();
    let mut found: BTreeSet<ReceiptId> = BTreeSet::new();
    match db.conn() {
        Conn::Postgres(c) => {
            let rows: Vec<Found> = diesel::sql_query(format!(
                "SELECT d.id FROM UNNEST($1, $2, $3, $4) AS w(customer, minor, first_day, last_day) {rest}"
            ))
            .bind::<Array<IdColumn>, _>(windows.iter().map(|of| of.0).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>(windows.iter().map(|of| of.1).collect::<Vec<_>>())
            .bind::<Array<Date>, _>(windows.iter().map(|of| of.2).collect::<Vec<_>>())
            .bind::<Array<Date>, _>(windows.iter().map(|of| of.3).collect::<Vec<_>>())
            .load(&mut **c)?;
            found.extend(rows.into_iter().map(|row| row.id));
        }
        Conn::Sqlite(c) => {
            for chunk in windows.chunks(WINDOWS) {
                let values = vec!["(?, ?, ?, ?)"; chunk.len()].join(", ");
                // CROSS: SQLite takes the windows first, and looks each up in the index.
                let mut query = diesel::sql_query(format!(
                    "WITH w(customer, minor, first_day, last_day) AS (VALUES {values}) SELECT d.id FROM w CROSS {rest}"
                ))
                .into_boxed::<Sqlite>();
                for (customer, minor, first, last) in chunk {
                    query = query
                        .bind::<IdColumn, _>(*customer)
                        .bind::<BigInt, _>(*minor)
                        .bind::<Date, _>(*first)
                        .bind::<Date, _>(*last);
                }
                let rows: Vec<Found> = query.load(&mut **c)?;
                found.extend(rows.into_iter().map(|row| row.id));
            }
        }
    }
    list_by_ids(db, found)
}

fn list_by_ids(db: &mut Db, ids: BTreeSet<ReceiptId>) -> Result<Vec<Receipt>, DbError> {
    let ids: Vec<ReceiptId> = ids.into_iter().collect();
    let mut found: Vec<Receipt> = Vec::new();
    for chunk in ids.chunks(CHUNK) {
        let rows: Vec<Receipt> = on_backend!(db, |c| receipts::table
            .filter(receipts::id.eq_any(chunk))
            .select(Receipt::as_select())
            .load(c))?;
        found.extend(rows);
    }
    found.sort_by_key(|receipt| (receipt.receipt_date, receipt.id));
    Ok(found)
}

/// The receipts of this status that other ledgers have under these numbers.
pub fn list_recognised(
    db: &mut Db,
    numbers: &[&Number],
    status: DocumentStatus,
) -> Result<Vec<Receipt>, DbError> {
    let mut found: Vec<Receipt> = Vec::new();
    for chunk in numbers.chunks(CHUNK) {
        let numbers = chunk.iter().map(|number| Some(*number));
        let rows: Vec<Receipt> = on_backend!(db, |c| receipts::table
            .filter(receipts::recognised_as.eq_any(numbers))
            .filter(receipts::status.eq(status))
            .select(Receipt::as_select())
            .load(c))?;
        found.extend(rows);
    }
    Ok(found)
}
