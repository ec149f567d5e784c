//! Queries on runs, their notices and items.

use chrono::NaiveDate;
use diesel::dsl::count_star;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer};

use crate::book::customers::store::list_wanted;
use crate::book::entities::store as entities;
use crate::collect::dunning::input::{NoticeFilter, RunFilter};
use crate::collect::dunning::model::{LeftOut, Notice, NoticeItem, NoticeStatus, Run};
use crate::platform::db::schema::{customers, dunning_notice_items, dunning_notices, dunning_runs};
use crate::platform::db::{Conn, Db, DbError, Tx, insert_rows, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::caller::Caller;
use kernel::columns::IdColumn;
use kernel::ids::{CustomerId, DunningNoticeId, DunningRunId, ItemId, JobId};

pub fn find_run(db: &mut Db, id: DunningRunId) -> Result<Option<Run>, DbError> {
    Ok(on_backend!(db, |c| dunning_runs::table
        .find(id)
        .select(Run::as_select())
        .first(c)
        .optional())?)
}

pub fn insert_run(tx: &mut Tx, run: &Run) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(dunning_runs::table)
        .values(run)
        .execute(c))?;
    Ok(())
}

/// The run, which stays as it is until the unit of work ends.
pub fn lock_run(tx: &mut Tx, id: DunningRunId) -> Result<Option<Run>, DbError> {
    let found = dunning_runs::table.find(id);
    Ok(match tx.conn() {
        Conn::Postgres(c) => found
            .select(Run::as_select())
            .for_update()
            .first(&mut **c)
            .optional()?,
        // SQLite has one writer.
        Conn::Sqlite(c) => found.select(Run::as_select()).first(&mut **c).optional()?,
    })
}

/// Writes where the run stands when the row still has the version that `run` was read with.
pub fn update_run_if_unchanged(tx: &mut Tx, run: &Run) -> Result<Option<Run>, DbError> {
    use dunning_runs::dsl;
    Ok(on_backend!(tx, |c| diesel::update(
        dsl::dunning_runs
            .find(run.id)
            .filter(dsl::version.eq(run.version))
    )
    .set((
        dsl::status.eq(run.status),
        dsl::approved_by.eq(&run.approved_by),
        dsl::approved_at.eq(run.approved_at),
        dsl::issued_by.eq(&run.issued_by),
        dsl::issued_at.eq(run.issued_at),
        dsl::job_id.eq(run.job_id),
        dsl::done_to.eq(run.done_to),
        dsl::progress_done.eq(run.progress_done),
        dsl::progress_total.eq(run.progress_total),
        dsl::version.eq(dsl::version + 1),
    ))
    .returning(Run::as_returning())
    .get_result(c)
    .optional())?)
}

/// Writes how far a run is that is locked. Its version stays: this is no change that a person must have seen.
pub fn write_progress(tx: &mut Tx, run: &Run) -> Result<(), DbError> {
    use dunning_runs::dsl;
    on_backend!(tx, |c| diesel::update(dsl::dunning_runs.find(run.id))
        .set((
            dsl::skipped.eq(&run.skipped),
            dsl::job_id.eq(run.job_id),
            dsl::done_to.eq(run.done_to),
            dsl::progress_done.eq(run.progress_done),
            dsl::progress_total.eq(run.progress_total),
            dsl::notices.eq(run.notices),
            dsl::lines.eq(run.lines),
        ))
        .execute(c))?;
    Ok(())
}

/// The runs that a job works on.
pub fn list_runs_of_job(db: &mut Db, job: JobId) -> Result<Vec<Run>, DbError> {
    Ok(on_backend!(db, |c| dunning_runs::table
        .filter(dunning_runs::job_id.eq(job))
        .order(dunning_runs::id)
        .select(Run::as_select())
        .load(c))?)
}

/// One page of runs, the newest first.
pub fn list_runs(
    db: &mut Db,
    filter: &RunFilter,
    page: &PageRequest,
) -> Result<Page<Run>, Problem> {
    on_backend!(db, |c| {
        let mut query = dunning_runs::table.select(Run::as_select()).into_boxed();
        if !filter.status.is_empty() {
            query = query.filter(dunning_runs::status.eq_any(&filter.status));
        }
        seek!(c, query, page, Run, desc(dunning_runs::id))
    })
}

pub fn insert_notices(tx: &mut Tx, rows: &[Notice]) -> Result<(), DbError> {
    for chunk in rows.chunks(400) {
        on_backend!(tx, |c| diesel::insert_into(dunning_notices::table)
            .values(chunk)
            .execute(c))?;
    }
    Ok(())
}

pub fn insert_items(tx: &mut Tx, rows: &[NoticeItem]) -> Result<(), DbError> {
    let mut writes = tx.writes();
    insert_rows!(writes, "dunning_notice_items", rows, |row| {
        notice_id: IdColumn = row.notice_id,
        item_id: IdColumn = row.item_id,
        invoice_id: IdColumn = row.invoice_id,
        level: Integer = row.level,
        days_past_due: Integer = row.days_past_due,
        open_minor: BigInt = row.open_minor,
    });
    writes.send()
}

/// The customers of a run to whom a notice is still to go, in order of id: those after `after`.
pub fn list_waiting_customers(
    db: &mut Db,
    run: DunningRunId,
    after: Option<CustomerId>,
    limit: i64,
) -> Result<Vec<CustomerId>, DbError> {
    on_backend!(db, |c| {
        let mut query = dunning_notices::table
            .filter(dunning_notices::run_id.eq(run))
            .filter(dunning_notices::status.eq(NoticeStatus::Previewed))
            .select(dunning_notices::customer_id)
            .distinct()
            .order(dunning_notices::customer_id)
            .limit(limit)
            .into_boxed();
        if let Some(after) = after {
            query = query.filter(dunning_notices::customer_id.gt(after));
        }
        Ok(query.load(c)?)
    })
}

/// How many lines the waiting notices of a run to each of these customers have.
pub fn count_lines(
    db: &mut Db,
    run: DunningRunId,
    customers: &[CustomerId],
) -> Result<Vec<(CustomerId, i64)>, DbError> {
    Ok(on_backend!(db, |c| dunning_notices::table
        .inner_join(
            dunning_notice_items::table.on(dunning_notice_items::notice_id.eq(dunning_notices::id))
        )
        .filter(dunning_notices::run_id.eq(run))
        .filter(dunning_notices::customer_id.eq_any(customers))
        .filter(dunning_notices::status.eq(NoticeStatus::Previewed))
        .group_by(dunning_notices::customer_id)
        .order(dunning_notices::customer_id)
        .select((dunning_notices::customer_id, count_star()))
        .load(c))?)
}

/// The notices of a run to these customers that are still to go out.
pub fn list_waiting_notices(
    db: &mut Db,
    run: DunningRunId,
    customers: &[CustomerId],
) -> Result<Vec<Notice>, DbError> {
    Ok(on_backend!(db, |c| dunning_notices::table
        .filter(dunning_notices::run_id.eq(run))
        .filter(dunning_notices::customer_id.eq_any(customers))
        .filter(dunning_notices::status.eq(NoticeStatus::Previewed))
        .order(dunning_notices::id)
        .select(Notice::as_select())
        .load(c))?)
}

/// Some notices, by id.
pub fn list_notices_by_ids(db: &mut Db, ids: &[DunningNoticeId]) -> Result<Vec<Notice>, DbError> {
    Ok(on_backend!(db, |c| dunning_notices::table
        .filter(dunning_notices::id.eq_any(ids))
        .order(dunning_notices::id)
        .select(Notice::as_select())
        .load(c))?)
}

/// The notices of a run that have some of these lines, or are some of these.
pub fn list_notices_with(
    db: &mut Db,
    run: DunningRunId,
    items: &[ItemId],
    notices: &[DunningNoticeId],
) -> Result<Vec<Notice>, DbError> {
    Ok(on_backend!(db, |c| dunning_notices::table
        .filter(dunning_notices::run_id.eq(run))
        .filter(
            dunning_notices::id
                .eq_any(notices)
                .or(dunning_notices::id.eq_any(
                    dunning_notice_items::table
                        .filter(dunning_notice_items::item_id.eq_any(items))
                        .select(dunning_notice_items::notice_id)
                ))
        )
        .order(dunning_notices::id)
        .select(Notice::as_select())
        .load(c))?)
}

/// Writes what was decided about a line.
pub fn write_decision(tx: &mut Tx, item: &NoticeItem) -> Result<(), DbError> {
    use dunning_notice_items::dsl;
    on_backend!(tx, |c| diesel::update(
        dsl::dunning_notice_items.find((item.notice_id, item.item_id))
    )
    .set((
        dsl::decision.eq(item.decision),
        dsl::decision_reason.eq(&item.decision_reason),
        dsl::decided_by.eq(&item.decided_by),
        dsl::dunning_block_id.eq(item.dunning_block_id),
    ))
    .execute(c))?;
    Ok(())
}

/// The items of these notices: at most one page of them.
pub fn list_items(db: &mut Db, notices: &[DunningNoticeId]) -> Result<Vec<NoticeItem>, DbError> {
    Ok(on_backend!(db, |c| dunning_notice_items::table
        .filter(dunning_notice_items::notice_id.eq_any(notices))
        .order((
            dunning_notice_items::notice_id,
            dunning_notice_items::item_id
        ))
        .select(NoticeItem::as_select())
        .load(c))?)
}

/// Cancels all notices of a run.
pub fn cancel_notices(tx: &mut Tx, run: DunningRunId) -> Result<(), DbError> {
    use dunning_notices::dsl;
    let status = NoticeStatus::Cancelled;
    on_backend!(tx, |c| diesel::update(
        dsl::dunning_notices.filter(dsl::run_id.eq(run))
    )
    .set((dsl::status.eq(status), dsl::version.eq(dsl::version + 1)))
    .execute(c))?;
    Ok(())
}

/// Issues these notices.
pub fn issue_notices(tx: &mut Tx, ids: &[DunningNoticeId], on: NaiveDate) -> Result<(), DbError> {
    use dunning_notices::dsl;
    for chunk in ids.chunks(5_000) {
        on_backend!(tx, |c| diesel::update(
            dsl::dunning_notices.filter(dsl::id.eq_any(chunk))
        )
        .set((
            dsl::status.eq(NoticeStatus::Issued),
            dsl::issued_on.eq(on),
            dsl::version.eq(dsl::version + 1),
        ))
        .execute(c))?;
    }
    Ok(())
}

pub fn suppress_notice(tx: &mut Tx, id: DunningNoticeId, reason: LeftOut) -> Result<(), DbError> {
    use dunning_notices::dsl;
    on_backend!(tx, |c| diesel::update(dsl::dunning_notices.find(id))
        .set((
            dsl::status.eq(NoticeStatus::Suppressed),
            dsl::suppressed_reason.eq(reason),
            dsl::version.eq(dsl::version + 1),
        ))
        .execute(c))?;
    Ok(())
}

/// Writes what became of a notice before it went out: whether it does, with which total and text.
pub fn redo_notice(tx: &mut Tx, notice: &Notice) -> Result<(), DbError> {
    use dunning_notices::dsl;
    on_backend!(tx, |c| diesel::update(dsl::dunning_notices.find(notice.id))
        .set((
            dsl::status.eq(notice.status),
            dsl::suppressed_reason.eq(notice.suppressed_reason),
            dsl::version.eq(notice.version),
        ))
        .execute(c))?;
    rewrite_notice(tx, notice)
}

/// Writes a notice's total and text anew, after some of it was paid.
pub fn rewrite_notice(tx: &mut Tx, notice: &Notice) -> Result<(), DbError> {
    use dunning_notices::dsl;
    on_backend!(tx, |c| diesel::update(dsl::dunning_notices.find(notice.id))
        .set((
            dsl::language.eq(notice.language),
            dsl::total_minor.eq(notice.total_minor),
            dsl::unapplied_minor.eq(notice.unapplied_minor),
            dsl::subject.eq(&notice.subject),
            dsl::body_text.eq(&notice.body_text),
            dsl::body_html.eq(&notice.body_html),
        ))
        .execute(c))?;
    Ok(())
}

/// Drops items from a notice for one reason, or puts them on it again.
pub fn drop_items(
    tx: &mut Tx,
    notice: DunningNoticeId,
    items: &[ItemId],
    reason: Option<LeftOut>,
) -> Result<(), DbError> {
    use dunning_notice_items::dsl;
    for chunk in items.chunks(5_000) {
        on_backend!(tx, |c| diesel::update(
            dsl::dunning_notice_items
                .filter(dsl::notice_id.eq(notice))
                .filter(dsl::item_id.eq_any(chunk))
        )
        .set(dsl::dropped_reason.eq(reason))
        .execute(c))?;
    }
    Ok(())
}

/// Writes what is open on an item now, after a part of it was paid.
pub fn reopen_item(
    tx: &mut Tx,
    notice: DunningNoticeId,
    item: ItemId,
    open_minor: i64,
) -> Result<(), DbError> {
    use dunning_notice_items::dsl;
    on_backend!(tx, |c| diesel::update(
        dsl::dunning_notice_items.find((notice, item))
    )
    .set(dsl::open_minor.eq(open_minor))
    .execute(c))?;
    Ok(())
}

/// The notice, unless its customer is hidden from the caller.
pub fn find_notice_visible(
    db: &mut Db,
    caller: &Caller,
    id: DunningNoticeId,
) -> Result<Option<Notice>, DbError> {
    Ok(on_backend!(db, |c| {
        let mut query = dunning_notices::table
            .filter(dunning_notices::id.eq(id))
            .select(Notice::as_select())
            .into_boxed();
        if caller.sees_only_own() {
            query = query.filter(
                dunning_notices::customer_id.eq_any(
                    customers::table
                        .filter(customers::owner.eq(&caller.subject))
                        .select(customers::id),
                ),
            );
        }
        query.first(c).optional()
    })?)
}

/// One page of the notices whose customers the caller may see, the newest first.
pub fn list_notices(
    db: &mut Db,
    caller: &Caller,
    filter: &NoticeFilter,
    page: &PageRequest,
) -> Result<Page<Notice>, Problem> {
    let wanted = list_wanted(db, &filter.customer)?;
    let entities = entities::list_wanted(db, &filter.legal_entity)?;
    on_backend!(db, |c| {
        let mut query = dunning_notices::table
            .select(Notice::as_select())
            .into_boxed();
        if caller.sees_only_own() {
            query = query.filter(
                dunning_notices::customer_id.eq_any(
                    customers::table
                        .filter(customers::owner.eq(&caller.subject))
                        .select(customers::id),
                ),
            );
        }
        if let Some(run) = filter.run_id {
            query = query.filter(dunning_notices::run_id.eq(run));
        }
        if let Some(wanted) = &wanted {
            query = query.filter(dunning_notices::customer_id.eq_any(wanted));
        }
        if !filter.status.is_empty() {
            query = query.filter(dunning_notices::status.eq_any(&filter.status));
        }
        if let Some(level) = filter.level {
            query = query.filter(dunning_notices::level.eq(level));
        }
        if let Some(entities) = &entities {
            query = query.filter(dunning_notices::legal_entity_id.eq_any(entities));
        }
        if !filter.currency.is_empty() {
            query = query.filter(dunning_notices::currency.eq_any(&filter.currency));
        }
        seek!(c, query, page, Notice, desc(dunning_notices::id))
    })
}
