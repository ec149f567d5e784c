//! How customers buy and pay, for the rooms that judge it: what was sold, what is open, and what was paid when.

use chrono::NaiveDate;
use diesel::dsl::{count, sql};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Date, Text};

use crate::book::receivables::model::{InvoicePart, Payment, Sales, SettlementKind};
use crate::platform::db::schema::{invoice_items, invoices, settlements};
use crate::platform::db::{Db, DbError, on_backend, sum_minor};
use kernel::columns::IdColumn;
use kernel::ids::CustomerId;
use kernel::money::Currency;

/// How many invoices in each currency each of these customers has not paid in full, due or not, and what is open on them;
/// customers with none are left out, and so is what was sold without recourse.
pub fn list_unpaid(
    db: &mut Db,
    customers: &[CustomerId],
) -> Result<Vec<(CustomerId, Currency, i64, i64)>, DbError> {
    let rows: Vec<(CustomerId, Currency, i64, i64)> = on_backend!(db, |c| invoice_items::table
        .inner_join(invoices::table.on(invoices::id.eq(invoice_items::invoice_id)))
        .filter(invoice_items::customer_id.eq_any(customers))
        .filter(invoice_items::open_minor.gt(0))
        .filter(invoice_items::sold_on.is_null())
        .group_by((invoice_items::customer_id, invoices::currency))
        .select((
            invoice_items::customer_id,
            invoices::currency,
            count(invoice_items::invoice_id).aggregate_distinct(),
            sum_minor!("invoice_items.open_minor")
        ))
        .load(c))?;
    Ok(rows)
}

/// What these customers paid from a day on, by the day on which it counts and the day on which it was due. Credit notes
/// are no payment, and what was taken back was none.
pub fn list_payments(
    db: &mut Db,
    customers: &[CustomerId],
    since: NaiveDate,
) -> Result<Vec<Payment>, DbError> {
    let was_not_taken_back = "NOT EXISTS (SELECT 1 FROM settlements undone \
         WHERE undone.receipt_id = settlements.receipt_id AND undone.reverses_id = settlements.id)";
    let rows: Vec<Payment> = on_backend!(db, |c| invoice_items::table
        .inner_join(settlements::table.on(settlements::item_id.eq(invoice_items::id.nullable())))
        .inner_join(invoices::table.on(invoices::id.eq(invoice_items::invoice_id)))
        .filter(invoice_items::customer_id.eq_any(customers))
        .filter(settlements::kind.eq(SettlementKind::Payment))
        .filter(settlements::effective_on.ge(since))
        .filter(settlements::receipt_id.is_not_null())
        .filter(settlements::reverses_id.is_null())
        .filter(sql::<Bool>(was_not_taken_back))
        .group_by((
            invoice_items::customer_id,
            invoices::currency,
            invoice_items::due_date,
            settlements::effective_on,
        ))
        .select((
            invoice_items::customer_id,
            invoices::currency,
            invoice_items::due_date,
            settlements::effective_on,
            sum_minor!("settlements.amount_minor"),
        ))
        .load(c))?;
    Ok(rows)
}

/// What was sold on account in one currency from one day to another, both included: what was invoiced and stands, less
/// what was credited, one row for each customer who bought; of one customer alone when it is named.
pub fn list_sales(
    db: &mut Db,
    currency: Currency,
    (from, to): (NaiveDate, NaiveDate),
    customer: Option<CustomerId>,
) -> Result<Vec<Sales>, DbError> {
    let only = if customer.is_some() {
        "WHERE m.customer_id = $4"
    } else {
        ""
    };
    let sql = format!(
        "SELECT m.customer_id AS customer_id, CAST(SUM(m.amount_minor) AS BIGINT) AS sales_minor, \
           CAST(SUM(m.invoices) AS BIGINT) AS invoices \
         FROM ( \
           SELECT customer_id, amount_minor, 1 AS invoices FROM invoices \
           WHERE currency = $1 AND invoice_date >= $2 AND invoice_date <= $3 AND cancelled_on IS NULL \
             AND kind = 'sale' \
           UNION ALL \
           SELECT customer_id, -amount_minor, 0 FROM credit_notes \
           WHERE currency = $1 AND credit_date >= $2 AND credit_date <= $3 AND reversed_on IS NULL \
         ) m {only} GROUP BY 1 ORDER BY 1"
    );
    Ok(on_backend!(db, |c| {
        let mut query = diesel::sql_query(sql)
            .into_boxed()
            .bind::<Text, _>(currency)
            .bind::<Date, _>(from)
            .bind::<Date, _>(to);
        if let Some(customer) = customer {
            query = query.bind::<IdColumn, _>(customer);
        }
        query.load::<Sales>(c)
    })?)
}

/// A customer's items in one currency as far as paying them is concerned, one row for each day on which something was
/// paid and one for what was not: those that are open or had a payment from a day on. What was credited is taken off,
/// and what was taken back was never paid.
pub fn list_invoice_parts(
    db: &mut Db,
    customer: CustomerId,
    currency: Currency,
    since: NaiveDate,
) -> Result<Vec<InvoicePart>, DbError> {
    let sql = "WITH counted AS ( \
           SELECT s.item_id, s.effective_on, s.kind, s.amount_minor FROM settlements s \
           WHERE s.customer_id = $1 AND s.reverses_id IS NULL \
             AND NOT EXISTS (SELECT 1 FROM settlements u \
               WHERE u.invoice_id = s.invoice_id AND u.reverses_id = s.id) \
         ) \
         SELECT t.id AS id, i.invoice_date AS invoice_date, t.due_date AS due_date, \
           CAST(t.amount_minor - COALESCE((SELECT SUM(n.amount_minor) FROM counted n \
             WHERE n.item_id = t.id AND n.kind <> 'payment'), 0) AS BIGINT) AS amount_minor, \
           p.effective_on AS paid_on, CAST(COALESCE(SUM(p.amount_minor), 0) AS BIGINT) AS paid_minor \
         FROM invoices i JOIN invoice_items t ON t.invoice_id = i.id \
         LEFT JOIN counted p ON p.item_id = t.id AND p.kind = 'payment' \
         WHERE i.customer_id = $1 AND i.currency = $2 AND i.cancelled_on IS NULL \
           AND (t.open_minor > 0 OR EXISTS (SELECT 1 FROM counted r \
             WHERE r.item_id = t.id AND r.kind = 'payment' AND r.effective_on >= $3)) \
         GROUP BY t.id, i.invoice_date, t.due_date, t.amount_minor, p.effective_on \
         ORDER BY t.id, p.effective_on";
    Ok(on_backend!(db, |c| diesel::sql_query(sql)
        .bind::<IdColumn, _>(customer)
        .bind::<Text, _>(currency)
        .bind::<Date, _>(since)
        .load::<InvoicePart>(c))?)
}
