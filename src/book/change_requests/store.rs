//! Queries on change requests.

use diesel::prelude::*;

use super::input::ChangeRequestFilter;
use super::model::ChangeRequest;
use crate::platform::db::schema::change_requests::{self, dsl};
use crate::platform::db::schema::customers;
use crate::platform::db::{Conn, Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::caller::Caller;
use kernel::ids::ChangeRequestId;

/// The request under this id, unless it is about a customer whom the caller may not see.
pub fn find_visible(
    db: &mut Db,
    caller: &Caller,
    id: ChangeRequestId,
) -> Result<Option<ChangeRequest>, DbError> {
    Ok(on_backend!(db, |c| {
        let mut query = change_requests::table
            .filter(dsl::id.eq(id))
            .select(ChangeRequest::as_select())
            .into_boxed();
        if caller.sees_only_own() {
            let own = customers::table
                .filter(customers::owner.eq(&caller.subject))
                .select(customers::id.nullable());
            query = query.filter(dsl::customer_id.eq_any(own));
        }
        query.first(c).optional()
    })?)
}

/// Locks a request until the unit of work ends: it is decided once. On SQLite the transaction holds the only write lock
/// already.
pub fn lock(tx: &mut Tx, id: ChangeRequestId) -> Result<(), DbError> {
    if let Conn::Postgres(c) = tx.conn() {
        let _: Option<ChangeRequestId> = change_requests::table
            .find(id)
            .select(dsl::id)
            .for_update()
            .first(&mut **c)
            .optional()?;
    }
    Ok(())
}

pub fn insert(tx: &mut Tx, request: &ChangeRequest) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(change_requests::table)
        .values(request)
        .execute(c))?;
    Ok(())
}

/// Writes the row when it still has the version that `request` was read with, and gives the row as it is now.
pub fn update_if_unchanged(
    tx: &mut Tx,
    request: &ChangeRequest,
) -> Result<Option<ChangeRequest>, DbError> {
    Ok(on_backend!(tx, |c| diesel::update(
        dsl::change_requests
            .find(request.id)
            .filter(dsl::version.eq(request.version))
    )
    .set((
        dsl::status.eq(request.status),
        dsl::decided_by.eq(&request.decided_by),
        dsl::decision_reason.eq(&request.decision_reason),
        dsl::decided_at.eq(request.decided_at),
        dsl::version.eq(dsl::version + 1),
    ))
    .returning(ChangeRequest::as_returning())
    .get_result(c)
    .optional())?)
}

/// One page of the requests that the caller may see, the newest first.
pub fn list(
    db: &mut Db,
    caller: &Caller,
    filter: &ChangeRequestFilter,
    page: &PageRequest,
) -> Result<Page<ChangeRequest>, Problem> {
    on_backend!(db, |c| {
        let mut query = change_requests::table
            .select(ChangeRequest::as_select())
            .into_boxed();
        if caller.sees_only_own() {
            let own = customers::table
                .filter(customers::owner.eq(&caller.subject))
                .select(customers::id.nullable());
            query = query.filter(dsl::customer_id.eq_any(own));
        }
        if !filter.status.is_empty() {
            query = query.filter(dsl::status.eq_any(&filter.status));
        }
        if !filter.kind.is_empty() {
            query = query.filter(dsl::kind.eq_any(&filter.kind));
        }
        if !filter.proposed_by.is_empty() {
            query = query.filter(dsl::proposed_by.eq_any(&filter.proposed_by));
        }
        if let Some(target) = &filter.target {
            let is_it = dsl::target_number.eq(target.as_str());
            query = query.filter(dsl::target_id.nullable().eq(target.as_str()).or(is_it));
        }
        seek!(c, query, page, ChangeRequest, desc(dsl::id))
    })
}
