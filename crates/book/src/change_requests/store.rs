//! Queries on change requests.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::input::{ChangeLineFilter, ChangeRequestFilter};
use super::model::{ChangeLine, ChangeRequest, LineCounts, LineOutcome};
use crate::platform::db::schema::change_requests::{self, dsl};
use crate::platform::db::schema::{change_request_lines, customers};
use crate::platform::db::{Conn, Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::caller::Caller;
use kernel::ids::ChangeRequestId;

/// The request under this id, unless all its lines are about customers whom the caller may not see.
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
            let about_own = change_request_lines::table
                .filter(change_request_lines::customer_id.eq_any(own))
                .select(change_request_lines::request_id);
            query = query.filter(dsl::id.eq_any(about_own));
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

pub fn insert(tx: &mut Tx, request: &ChangeRequest, lines: &[ChangeLine]) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(change_requests::table)
        .values(request)
        .execute(c))?;
    for chunk in lines.chunks(500) {
        on_backend!(tx, |c| diesel::insert_into(change_request_lines::table)
            .values(chunk)
            .execute(c))?;
    }
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
            let about_own = change_request_lines::table
                .filter(change_request_lines::customer_id.eq_any(own))
                .select(change_request_lines::request_id);
            query = query.filter(dsl::id.eq_any(about_own));
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
            let by_number = change_request_lines::target_number.eq(target.as_str());
            let by_id = change_request_lines::target_id
                .nullable()
                .eq(target.as_str());
            let about_it = change_request_lines::table
                .filter(by_id.or(by_number))
                .select(change_request_lines::request_id);
            query = query.filter(dsl::id.eq_any(about_it));
        }
        seek!(c, query, page, ChangeRequest, desc(dsl::id))
    })
}

/// All lines of a request, in their order.
pub fn list_all_lines(db: &mut Db, request: ChangeRequestId) -> Result<Vec<ChangeLine>, DbError> {
    use change_request_lines::dsl;
    Ok(on_backend!(db, |c| change_request_lines::table
        .filter(dsl::request_id.eq(request))
        .order(dsl::line)
        .select(ChangeLine::as_select())
        .load(c))?)
}

/// The lines of requests that have just one.
pub fn list_only_lines(
    db: &mut Db,
    requests: &[ChangeRequestId],
) -> Result<Vec<ChangeLine>, DbError> {
    use change_request_lines::dsl;
    Ok(on_backend!(db, |c| change_request_lines::table
        .filter(dsl::request_id.eq_any(requests))
        .select(ChangeLine::as_select())
        .load(c))?)
}

/// How many lines each request has, and what became of them.
pub fn count_lines(
    db: &mut Db,
    requests: &[ChangeRequestId],
) -> Result<BTreeMap<ChangeRequestId, LineCounts>, DbError> {
    use change_request_lines::dsl;
    let rows: Vec<(ChangeRequestId, Option<LineOutcome>, i64)> =
        on_backend!(db, |c| change_request_lines::table
            .filter(dsl::request_id.eq_any(requests))
            .group_by((dsl::request_id, dsl::outcome))
            .select((dsl::request_id, dsl::outcome, diesel::dsl::count_star()))
            .load(c))?;
    let mut counts: BTreeMap<ChangeRequestId, LineCounts> = BTreeMap::new();
    for (request, outcome, count) in rows {
        let of_request = counts.entry(request).or_default();
        of_request.total += count;
        match outcome {
            Some(LineOutcome::Applied) => of_request.applied += count,
            Some(LineOutcome::Stale) => of_request.stale += count,
            Some(LineOutcome::Refused) => of_request.refused += count,
            None => {}
        }
    }
    Ok(counts)
}

/// Writes what became of the lines of one request.
pub fn settle_lines(tx: &mut Tx, lines: &[ChangeLine]) -> Result<(), DbError> {
    use change_request_lines::dsl;
    let Some(request) = lines.first().map(|line| line.request_id) else {
        return Ok(());
    };
    for outcome in [LineOutcome::Applied, LineOutcome::Stale] {
        let of_outcome = lines.iter().filter(|line| line.outcome == Some(outcome));
        let places: Vec<i32> = of_outcome.map(|line| line.line).collect();
        on_backend!(tx, |c| diesel::update(
            dsl::change_request_lines
                .filter(dsl::request_id.eq(request))
                .filter(dsl::line.eq_any(&places))
        )
        .set(dsl::outcome.eq(Some(outcome)))
        .execute(c))?;
    }
    let refused = |line: &&ChangeLine| line.outcome == Some(LineOutcome::Refused);
    for line in lines.iter().filter(refused) {
        on_backend!(tx, |c| diesel::update(
            dsl::change_request_lines.find((request, line.line))
        )
        .set((
            dsl::outcome.eq(line.outcome),
            dsl::refusal.eq(&line.refusal),
        ))
        .execute(c))?;
    }
    Ok(())
}

/// One page of a request's lines, in their order: those that the caller may see.
pub fn list_lines(
    db: &mut Db,
    caller: &Caller,
    request: ChangeRequestId,
    filter: &ChangeLineFilter,
    page: &PageRequest,
) -> Result<Page<ChangeLine>, Problem> {
    use change_request_lines::dsl;
    on_backend!(db, |c| {
        let mut query = change_request_lines::table
            .filter(dsl::request_id.eq(request))
            .select(ChangeLine::as_select())
            .into_boxed();
        if caller.sees_only_own() {
            let own = customers::table
                .filter(customers::owner.eq(&caller.subject))
                .select(customers::id.nullable());
            query = query.filter(dsl::customer_id.eq_any(own));
        }
        if !filter.outcome.is_empty() {
            let outcomes: Vec<Option<LineOutcome>> =
                filter.outcome.iter().copied().map(Some).collect();
            query = query.filter(dsl::outcome.eq_any(outcomes));
        }
        seek!(c, query, page, ChangeLine, asc(dsl::line, dsl::request_id))
    })
}
