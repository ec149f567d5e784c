//! How customers pay, for the rooms that judge it: what is open, and what was paid when.

use chrono::NaiveDate;
use diesel::dsl::{count_star, sql};
use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::book::receivables::model::Payment;
use crate::kernel::ids::CustomerId;
use crate::platform::db::schema::{invoices, settlements};
use crate::platform::db::{Db, DbError, on_backend, sum_minor};

/// How many invoices each of these customers has not paid in full, due or not, and what is open on them; customers with
/// none are left out.
pub fn list_unpaid(
    db: &mut Db,
    customers: &[CustomerId],
) -> Result<Vec<(CustomerId, i64, i64)>, DbError> {
    let rows: Vec<(CustomerId, i64, i64)> = on_backend!(db, |c| invoices::table
        .filter(invoices::customer_id.eq_any(customers))
        .filter(invoices::open_minor.gt(0))
        .group_by(invoices::customer_id)
        .select((
            invoices::customer_id,
            count_star(),
            sum_minor!("open_minor")
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
    let rows: Vec<Payment> = on_backend!(db, |c| invoices::table
        .inner_join(settlements::table.on(settlements::invoice_id.eq(invoices::id)))
        .filter(invoices::customer_id.eq_any(customers))
        .filter(settlements::effective_on.ge(since))
        .filter(settlements::receipt_id.is_not_null())
        .filter(settlements::reverses_id.is_null())
        .filter(sql::<Bool>(was_not_taken_back))
        .group_by((
            invoices::customer_id,
            invoices::due_date,
            settlements::effective_on,
        ))
        .select((
            invoices::customer_id,
            invoices::due_date,
            settlements::effective_on,
            sum_minor!("settlements.amount_minor"),
        ))
        .load(c))?;
    Ok(rows)
}
