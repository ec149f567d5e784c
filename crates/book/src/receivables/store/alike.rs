//! Documents with the same customer, day and amount as others.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Text};

use crate::book::receivables::model::{DocumentStatus, InvoiceStatus};
use crate::platform::db::schema::{credit_notes, invoices, receipts};
use crate::platform::db::{Conn, Db, DbError};
use kernel::columns::IdColumn;
use kernel::ids::CustomerId;
use kernel::text::Number;

/// Customer, day and amount of a document, and its number.
pub type Written = (CustomerId, NaiveDate, i64, Number);

/// What to look for: customer, day and amount of documents.
pub type Wanted = BTreeSet<(CustomerId, NaiveDate, i64)>;

#[derive(QueryableByName)]
#[diesel(check_for_backend(diesel::pg::Pg))]
struct Found {
    #[diesel(sql_type = IdColumn)]
    customer_id: CustomerId,
    #[diesel(sql_type = Date)]
    day: NaiveDate,
    #[diesel(sql_type = BigInt)]
    minor: i64,
    #[diesel(sql_type = Text)]
    number: Number,
}

/// Documents that stand and are wanted, by the index of their customer, day and amount: one statement on PostgreSQL, a
/// prepared one for each on SQLite. However many documents there are, it looks at those alone.
macro_rules! list_alike {
    ($db:expr, $wanted:expr, $table:ident, $day:ident, $gone:expr) => {{
        let wanted = $wanted.iter().copied();
        let mut found: Vec<Written> = Vec::new();
        match $db.conn() {
            Conn::Postgres(c) => {
                let rows: Vec<Found> = diesel::sql_query(concat!(
                    "SELECT d.customer_id, d.",
                    stringify!($day),
                    " AS day, d.amount_minor AS minor, d.number FROM UNNEST($1, $2, $3) AS w(customer, day, minor) JOIN ",
                    stringify!($table),
                    " d ON d.customer_id = w.customer AND d.amount_minor = w.minor AND d.",
                    stringify!($day),
                    " = w.day WHERE d.status <> $4",
                ))
                .bind::<Array<IdColumn>, _>(wanted.clone().map(|(of, ..)| of).collect::<Vec<_>>())
                .bind::<Array<Date>, _>(wanted.clone().map(|(_, day, _)| day).collect::<Vec<_>>())
                .bind::<Array<BigInt>, _>(wanted.map(|(.., minor)| minor).collect::<Vec<_>>())
                .bind::<Text, _>($gone.as_str())
                .load(&mut **c)?;
                let rows = rows.into_iter();
                found.extend(rows.map(|row| (row.customer_id, row.day, row.minor, row.number)));
            }
            Conn::Sqlite(c) => {
                for (customer, day, minor) in wanted {
                    let rows: Vec<Written> = $table::table
                        .filter($table::customer_id.eq(customer))
                        .filter($table::$day.eq(day))
                        .filter($table::amount_minor.eq(minor))
                        .filter($table::status.ne($gone))
                        .select((
                            $table::customer_id,
                            $table::$day,
                            $table::amount_minor,
                            $table::number,
                        ))
                        .load(&mut **c)?;
                    found.extend(rows);
                }
            }
        }
        Ok(found)
    }};
}

/// Invoices that stand and have customer, day and amount in common with what is wanted.
pub fn list_invoices_alike(db: &mut Db, wanted: &Wanted) -> Result<Vec<Written>, DbError> {
    list_alike!(db, wanted, invoices, invoice_date, InvoiceStatus::Cancelled)
}

/// Receipts that stand, in the same way.
pub fn list_receipts_alike(db: &mut Db, wanted: &Wanted) -> Result<Vec<Written>, DbError> {
    list_alike!(db, wanted, receipts, receipt_date, DocumentStatus::Reversed)
}

/// Credit notes that stand, in the same way.
pub fn list_credit_notes_alike(db: &mut Db, wanted: &Wanted) -> Result<Vec<Written>, DbError> {
    list_alike!(
        db,
        wanted,
        credit_notes,
        credit_date,
        DocumentStatus::Reversed
    )
}
