//! Queries on refunds.

use diesel::prelude::*;

use super::input::RefundFilter;
use super::model::Refund;
use crate::book::customers::store::list_wanted;
use crate::platform::db::schema::customers;
use crate::platform::db::schema::refunds::{self, dsl};
use crate::platform::db::{Conn, Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::caller::Caller;
use kernel::ids::RefundId;

pub fn find(db: &mut Db, id: RefundId) -> Result<Option<Refund>, DbError> {
    Ok(on_backend!(db, |c| refunds::table
        .find(id)
        .select(Refund::as_select())
        .first(c)
        .optional())?)
}

/// Locks a refund until the unit of work ends, where the database locks rows: it is decided once.
pub fn lock(tx: &mut Tx, id: RefundId) -> Result<Option<Refund>, DbError> {
    let found = refunds::table.find(id);
    Ok(match tx.conn() {
        Conn::Postgres(c) => found
            .select(Refund::as_select())
            .for_update()
            .first(&mut **c)
            .optional()?,
        Conn::Sqlite(c) => found
            .select(Refund::as_select())
            .first(&mut **c)
            .optional()?,
    })
}

pub fn insert(tx: &mut Tx, row: &Refund) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(refunds::table)
        .values(row)
        .execute(c))?;
    Ok(())
}

/// Writes the row when it still has the version that `row` was read with, and gives the row as it is now.
pub fn update_if_unchanged(tx: &mut Tx, row: &Refund) -> Result<Option<Refund>, DbError> {
    Ok(on_backend!(tx, |c| diesel::update(
        refunds::table
            .find(row.id)
            .filter(dsl::version.eq(row.version))
    )
    .set((
        dsl::status.eq(row.status),
        dsl::decided_by.eq(&row.decided_by),
        dsl::decided_at.eq(row.decided_at),
        dsl::decision_reason.eq(&row.decision_reason),
        dsl::held_on.eq(row.held_on),
        dsl::freed_on.eq(row.freed_on),
        dsl::paid_on.eq(row.paid_on),
        dsl::payment_reference.eq(&row.payment_reference),
        dsl::version.eq(dsl::version + 1),
    ))
    .returning(Refund::as_returning())
    .get_result(c)
    .optional())?)
}

/// One page of refunds to customers that the caller may see, the newest first.
pub fn list(
    db: &mut Db,
    caller: &Caller,
    filter: &RefundFilter,
    page: &PageRequest,
) -> Result<Page<Refund>, Problem> {
    let wanted = list_wanted(db, &filter.customer)?;
    on_backend!(db, |c| {
        let mut query = refunds::table.select(Refund::as_select()).into_boxed();
        if caller.sees_only_own() {
            let own = customers::table
                .filter(customers::owner.eq(&caller.subject))
                .select(customers::id);
            query = query.filter(dsl::customer_id.eq_any(own));
        }
        if let Some(wanted) = &wanted {
            query = query.filter(dsl::customer_id.eq_any(wanted));
        }
        if !filter.status.is_empty() {
            query = query.filter(dsl::status.eq_any(&filter.status));
        }
        if !filter.receipt_id.is_empty() {
            query = query.filter(dsl::receipt_id.eq_any(&filter.receipt_id));
        }
        seek!(c, query, page, Refund, desc(dsl::id))
    })
}
