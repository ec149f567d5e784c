//! What the ledger tells of many customers, in one statement.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::Date;

use super::model::LedgerRow;
use crate::platform::db::schema::customers as customers_table;
use crate::platform::db::{Backend, Db, DbError, on_backend};
use kernel::columns::IdColumn;
use kernel::ids::CustomerId;
use kernel::text::Line;

/// The industry of each of these customers; those that are not there are left out.
pub fn list_industries(
    db: &mut Db,
    ids: &[CustomerId],
) -> Result<Vec<(CustomerId, Option<Line>)>, DbError> {
    let rows: Vec<(CustomerId, Option<Line>)> = on_backend!(db, |c| customers_table::table
        .filter(customers_table::id.eq_any(ids))
        .select((customers_table::id, customers_table::industry))
        .load(c))?;
    Ok(rows)
}

/// What these customers were invoiced and how they paid from one day to another, and what was past due at its end, as
/// the ledger stood then; those who were never invoiced are left out. `earlier` is the first of as many days before.
///
/// As for the aging of a past day, an invoice counts from its date until it is cancelled, a settlement from the day on
/// which it is effective. A receipt that was taken back later was a payment until then; a credit note is none.
pub fn list_conduct(
    db: &mut Db,
    ids: &[CustomerId],
    earlier: NaiveDate,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<LedgerRow>, DbError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = conduct_sql(db.backend(), ids.len());
    let rows: Vec<LedgerRow> = on_backend!(db, |c| {
        let mut query = diesel::sql_query(sql).into_boxed();
        for id in ids {
            query = query.bind::<IdColumn, _>(id);
        }
        query
            .bind::<Date, _>(to)
            .bind::<Date, _>(from)
            .bind::<Date, _>(earlier)
            .load::<LedgerRow>(c)
    })?;
    Ok(rows)
}

/// The statement. The ids come first, then the last day, the first and the earlier one; both databases take a parameter twice, each by
/// its own sign: SQLite would number those with a dollar by where they come first.
fn conduct_sql(backend: Backend, ids: usize) -> String {
    let parameter = |place: usize| match backend {
        Backend::Postgres => format!("${place}"),
        Backend::Sqlite => format!("?{place}"),
    };
    let listed: Vec<String> = (1..=ids).map(parameter).collect();
    let listed = listed.join(", ");
    let (to, from, earlier) = (parameter(ids + 1), parameter(ids + 2), parameter(ids + 3));
    let days = |later: &str, earlier: &str| match backend {
        Backend::Postgres => format!("({later} - {earlier})"),
        Backend::Sqlite => format!("CAST(julianday({later}) - julianday({earlier}) AS INTEGER)"),
    };
    let (paid_late, paid_after) = (
        days("s.effective_on", "m.due_date"),
        days("s.effective_on", "m.invoice_date"),
    );
    let open_late = days(&to, "m.due_date");
    format!(
        "WITH mine AS ( \
           SELECT t.id, t.invoice_id, i.customer_id, i.currency, i.invoice_date, t.due_date, t.amount_minor, \
             t.amount_minor - COALESCE((SELECT SUM(s.amount_minor) FROM settlements s \
               WHERE s.invoice_id = t.invoice_id AND s.item_id = t.id AND s.effective_on <= {to}), 0) AS open_minor \
           FROM invoices i JOIN invoice_items t ON t.invoice_id = i.id \
           WHERE i.customer_id IN ({listed}) AND i.invoice_date <= {to} \
             AND (i.cancelled_on IS NULL OR i.cancelled_on > {to}) \
         ), parts AS ( \
           SELECT m.customer_id, m.id, s.amount_minor AS paid_minor, 0 AS overdue_minor, \
             {paid_late} AS late, {paid_after} AS after_days \
           FROM mine m JOIN settlements s ON s.invoice_id = m.invoice_id AND s.item_id = m.id \
           WHERE s.kind = 'payment' AND s.reverses_id IS NULL \
             AND s.effective_on >= {from} AND s.effective_on <= {to} \
             AND NOT EXISTS (SELECT 1 FROM settlements undone WHERE undone.receipt_id = s.receipt_id \
               AND undone.reverses_id = s.id AND undone.effective_on <= {to}) \
           UNION ALL \
           SELECT m.customer_id, m.id, 0, m.open_minor, {open_late}, 0 \
           FROM mine m WHERE m.open_minor > 0 AND m.due_date < {to} \
         ), items AS ( \
           SELECT customer_id, id, MAX(late) AS late, SUM(overdue_minor) AS overdue_minor, \
             SUM(paid_minor) AS paid_minor, \
             SUM(CASE WHEN late <= 0 THEN paid_minor ELSE 0 END) AS in_time_minor, \
             SUM(CAST(paid_minor AS DOUBLE PRECISION) * after_days) AS paid_days, \
             SUM(CASE WHEN late > 0 THEN CAST(paid_minor + overdue_minor AS DOUBLE PRECISION) * late \
               ELSE 0 END) AS late_days \
           FROM parts GROUP BY customer_id, id \
         ), conduct AS ( \
           SELECT customer_id, COUNT(*) AS items, SUM(CASE WHEN late > 0 THEN 1 ELSE 0 END) AS items_late, \
             MAX(late) AS late, SUM(overdue_minor) AS overdue_minor, SUM(paid_minor) AS paid_minor, \
             SUM(in_time_minor) AS in_time_minor, SUM(paid_days) AS paid_days, SUM(late_days) AS late_days \
           FROM items GROUP BY customer_id \
         ) \
         SELECT b.customer_id, b.currency, b.invoices, b.first_invoice_date, b.invoiced_minor, \
           b.invoiced_before_minor, \
           CAST(COALESCE(c.items, 0) AS BIGINT) AS items, \
           CAST(COALESCE(c.items_late, 0) AS BIGINT) AS items_late, \
           CAST(CASE WHEN c.late > 0 THEN c.late ELSE 0 END AS BIGINT) AS days_late_max, \
           CAST(COALESCE(c.overdue_minor, 0) AS BIGINT) AS overdue_minor, \
           CAST(COALESCE(c.paid_minor, 0) AS BIGINT) AS paid_minor, \
           CAST(COALESCE(c.in_time_minor, 0) AS BIGINT) AS paid_in_time_minor, \
           CAST((SELECT COUNT(*) FROM instruments n WHERE n.customer_id = b.customer_id \
             AND n.dishonoured_on >= {from} AND n.dishonoured_on <= {to}) AS BIGINT) AS dishonoured, \
           CAST(COALESCE(c.paid_days, 0) AS DOUBLE PRECISION) AS paid_days, \
           CAST(COALESCE(c.late_days, 0) AS DOUBLE PRECISION) AS late_days \
         FROM (SELECT customer_id, MIN(currency) AS currency, COUNT(DISTINCT invoice_id) AS invoices, \
           MIN(invoice_date) AS first_invoice_date, \
           CAST(SUM(CASE WHEN invoice_date >= {from} THEN amount_minor ELSE 0 END) AS BIGINT) AS invoiced_minor, \
           CAST(SUM(CASE WHEN invoice_date < {from} AND invoice_date >= {earlier} THEN amount_minor ELSE 0 END) \
             AS BIGINT) AS invoiced_before_minor \
           FROM mine GROUP BY customer_id) b \
         LEFT JOIN conduct c ON c.customer_id = b.customer_id"
    )
}
