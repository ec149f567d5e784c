//! What is written of the orders that invoices are for.

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable};

use crate::book::receivables::model::Invoice;
use crate::platform::db::schema::invoices;
use crate::platform::db::{Conn, DbError, Tx};
use kernel::columns::IdColumn;

/// Writes which reservations invoices were captured from, and what they passed their orders by, just after they were
/// posted: that is no change of theirs.
pub fn save_orders(tx: &mut Tx, rows: &[&Invoice]) -> Result<(), DbError> {
    match tx.conn() {
        _ if rows.is_empty() => {}
        Conn::Postgres(c) => {
            diesel::sql_query(
                "UPDATE invoices i SET reservation_id = m.reservation, order_excess_minor = m.excess \
                 FROM UNNEST($1, $2, $3) AS m(id, reservation, excess) WHERE i.id = m.id",
            )
            .bind::<Array<IdColumn>, _>(rows.iter().map(|row| row.id).collect::<Vec<_>>())
            .bind::<Array<Nullable<IdColumn>>, _>(
                rows.iter().map(|row| row.reservation_id).collect::<Vec<_>>(),
            )
            .bind::<Array<Nullable<BigInt>>, _>(
                rows.iter().map(|row| row.order_excess_minor).collect::<Vec<_>>(),
            )
            .execute(&mut **c)?;
        }
        Conn::Sqlite(c) => {
            for row in rows {
                diesel::update(invoices::table.find(row.id))
                    .set((
                        invoices::reservation_id.eq(row.reservation_id),
                        invoices::order_excess_minor.eq(row.order_excess_minor),
                    ))
                    .execute(&mut **c)?;
            }
        }
    }
    Ok(())
}
