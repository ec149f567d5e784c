//! How customers turned out: who left something unpaid for long, as the ledger tells, and who was rated in default.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};
use diesel::prelude::*;
use diesel::sql_types::Date;

use crate::platform::db::schema::ratings::{self, dsl};
use crate::platform::db::{Backend, Db, DbError, on_backend};
use kernel::clock::Instant;
use kernel::columns::IdColumn;
use kernel::ids::CustomerId;

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = IdColumn)]
    customer_id: CustomerId,
}

/// The customers who at the end of some day from the first to the last owed something for more than so many days after
/// it was due.
///
/// An item is looked at on the first such day and on every later one on which a settlement of it was taken back:
/// between these days it is only settled. Those that were settled or cancelled before the first day are passed over.
pub fn list_overdue_within(
    db: &mut Db,
    days: u32,
    (first, last): (NaiveDate, NaiveDate),
) -> Result<BTreeSet<CustomerId>, DbError> {
    let after = days.saturating_add(1);
    let since = match db.backend() {
        Backend::Postgres => format!("(t.due_date + {after})"),
        Backend::Sqlite => format!("date(t.due_date, '+{after} days')"),
    };
    let due_last = last.checked_sub_days(Days::new(u64::from(after)));
    let due_last = due_last.unwrap_or(NaiveDate::MIN);
    // SQLite numbers parameters with a dollar by where they come first, which here is their order.
    let sql = format!(
        "WITH late AS ( \
           SELECT t.id, t.invoice_id, i.customer_id, t.amount_minor, i.cancelled_on, \
             CASE WHEN {since} > $1 THEN {since} ELSE $1 END AS day \
           FROM invoice_items t JOIN invoices i ON i.id = t.invoice_id \
           WHERE t.due_date <= $2 AND (i.cancelled_on IS NULL OR i.cancelled_on > $1) \
             AND (t.open_minor > 0 OR i.cancelled_on IS NOT NULL OR EXISTS (SELECT 1 FROM settlements s \
               WHERE s.invoice_id = t.invoice_id AND s.item_id = t.id AND s.effective_on >= $1)) \
         ), moments AS ( \
           SELECT id, invoice_id, customer_id, amount_minor, cancelled_on, day FROM late \
           UNION \
           SELECT l.id, l.invoice_id, l.customer_id, l.amount_minor, l.cancelled_on, s.effective_on \
           FROM late l JOIN settlements s ON s.invoice_id = l.invoice_id AND s.item_id = l.id \
           WHERE s.reverses_id IS NOT NULL AND s.effective_on > l.day AND s.effective_on <= $3 \
         ) \
         SELECT DISTINCT m.customer_id AS customer_id FROM moments m \
         WHERE (m.cancelled_on IS NULL OR m.cancelled_on > m.day) \
           AND m.amount_minor > COALESCE((SELECT SUM(s.amount_minor) FROM settlements s \
             WHERE s.invoice_id = m.invoice_id AND s.item_id = m.id AND s.effective_on <= m.day), 0)"
    );
    let rows: Vec<Found> = on_backend!(db, |c| diesel::sql_query(sql)
        .bind::<Date, _>(first)
        .bind::<Date, _>(due_last)
        .bind::<Date, _>(last)
        .load(c))?;
    Ok(rows.into_iter().map(|row| row.customer_id).collect())
}

/// The customers who at the end of a day owed, or came to owe later, what fell due from the first to the last day.
pub fn list_owing(
    db: &mut Db,
    on: NaiveDate,
    (first_due, last_due): (NaiveDate, NaiveDate),
) -> Result<BTreeSet<CustomerId>, DbError> {
    let sql = "SELECT DISTINCT i.customer_id AS customer_id FROM invoice_items t \
           JOIN invoices i ON i.id = t.invoice_id \
         WHERE t.due_date >= $1 AND t.due_date <= $2 \
           AND (i.cancelled_on IS NULL OR i.cancelled_on > t.due_date) \
           AND t.amount_minor > COALESCE((SELECT SUM(s.amount_minor) FROM settlements s \
             WHERE s.invoice_id = t.invoice_id AND s.item_id = t.id AND s.effective_on <= $3), 0)";
    let rows: Vec<Found> = on_backend!(db, |c| diesel::sql_query(sql)
        .bind::<Date, _>(first_due)
        .bind::<Date, _>(last_due)
        .bind::<Date, _>(on)
        .load(c))?;
    Ok(rows.into_iter().map(|row| row.customer_id).collect())
}

/// The customers whose newest rating, when an instant had come, was in default or on probation after it.
pub fn list_in_default_at(db: &mut Db, at: Instant) -> Result<BTreeSet<CustomerId>, DbError> {
    let rows: Vec<CustomerId> = on_backend!(db, |c| ratings::table
        .filter(dsl::in_default_since.is_not_null())
        .filter(dsl::rated_at.lt(at))
        .filter(dsl::superseded_at.is_null().or(dsl::superseded_at.ge(at)))
        .select(dsl::customer_id)
        .load(c))?;
    Ok(rows.into_iter().collect())
}

/// The customers who were rated in default since some day from the first to the last.
pub fn list_defaulted_within(
    db: &mut Db,
    (first, last): (NaiveDate, NaiveDate),
) -> Result<BTreeSet<CustomerId>, DbError> {
    let rows: Vec<CustomerId> = on_backend!(db, |c| ratings::table
        .filter(dsl::in_default_since.between(first, last))
        .select(dsl::customer_id)
        .distinct()
        .load(c))?;
    Ok(rows.into_iter().collect())
}
