//! Queries on deadlines.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::input::{DeadlineFilter, DeadlineSort};
use super::model::{Deadline, DeadlineKind, DeadlineStatus};
use crate::book::customers::store::list_wanted;
use crate::platform::db::schema::customers;
use crate::platform::db::schema::deadlines::{self, dsl};
use crate::platform::db::{Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::caller::Caller;
use kernel::ids::DeadlineId;

pub fn find(db: &mut Db, id: DeadlineId) -> Result<Option<Deadline>, DbError> {
    Ok(on_backend!(db, |c| deadlines::table
        .find(id)
        .select(Deadline::as_select())
        .first(c)
        .optional())?)
}

/// The open deadlines of a kind about one thing.
pub fn list_open_of(
    db: &mut Db,
    kind: DeadlineKind,
    subject_id: &str,
) -> Result<Vec<Deadline>, DbError> {
    Ok(on_backend!(db, |c| deadlines::table
        .filter(dsl::subject_id.eq(subject_id))
        .filter(dsl::kind.eq(kind))
        .filter(dsl::status.eq(DeadlineStatus::Open))
        .order(dsl::id)
        .select(Deadline::as_select())
        .load(c))?)
}

/// Some of those that are open though their day has passed, the longest ago first.
pub fn list_passed(db: &mut Db, today: NaiveDate, limit: i64) -> Result<Vec<Deadline>, DbError> {
    Ok(on_backend!(db, |c| deadlines::table
        .filter(dsl::status.eq(DeadlineStatus::Open))
        .filter(dsl::due_on.lt(today))
        .order((dsl::due_on, dsl::id))
        .limit(limit)
        .select(Deadline::as_select())
        .load(c))?)
}

pub fn insert(tx: &mut Tx, row: &Deadline) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(deadlines::table)
        .values(row)
        .execute(c))?;
    Ok(())
}

/// Writes what became of a deadline when the row still has the version that `row` was read with.
pub fn end_if_unchanged(tx: &mut Tx, row: &Deadline) -> Result<Option<Deadline>, DbError> {
    Ok(on_backend!(tx, |c| diesel::update(
        dsl::deadlines
            .find(row.id)
            .filter(dsl::version.eq(row.version))
    )
    .set((
        dsl::status.eq(row.status),
        dsl::done_note.eq(&row.done_note),
        dsl::done_on.eq(row.done_on),
        dsl::done_by.eq(&row.done_by),
        dsl::done_at.eq(row.done_at),
        dsl::version.eq(dsl::version + 1),
    ))
    .returning(Deadline::as_returning())
    .get_result(c)
    .optional())?)
}

/// One page of the deadlines about customers that the caller may see.
pub fn list(
    db: &mut Db,
    caller: &Caller,
    filter: &DeadlineFilter,
    page: &PageRequest,
) -> Result<Page<Deadline>, Problem> {
    let wanted = list_wanted(db, &filter.customer)?;
    let subjects: Vec<&str> = filter
        .subject_id
        .iter()
        .map(kernel::text::Line::as_str)
        .collect();
    on_backend!(db, |c| {
        let mut query = deadlines::table.select(Deadline::as_select()).into_boxed();
        if caller.sees_only_own() {
            query = query.filter(
                dsl::customer_id.eq_any(
                    customers::table
                        .filter(customers::owner.eq(&caller.subject))
                        .select(customers::id),
                ),
            );
        }
        if let Some(wanted) = &wanted {
            query = query.filter(dsl::customer_id.eq_any(wanted));
        }
        if !filter.kind.is_empty() {
            query = query.filter(dsl::kind.eq_any(&filter.kind));
        }
        if !filter.status.is_empty() {
            query = query.filter(dsl::status.eq_any(&filter.status));
        }
        if !subjects.is_empty() {
            query = query.filter(dsl::subject_id.eq_any(&subjects));
        }
        if let Some(day) = filter.due_on_from {
            query = query.filter(dsl::due_on.ge(day.date()));
        }
        if let Some(day) = filter.due_on_to {
            query = query.filter(dsl::due_on.le(day.date()));
        }
        match filter.sort.unwrap_or_default() {
            DeadlineSort::DueOn => seek!(
                c,
                query,
                page,
                Deadline,
                asc(deadlines::due_on, deadlines::id)
            ),
            DeadlineSort::DueOnDescending => seek!(
                c,
                query,
                page,
                Deadline,
                desc(deadlines::due_on, deadlines::id)
            ),
        }
    })
}
