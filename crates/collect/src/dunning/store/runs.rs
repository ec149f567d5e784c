//! Queries on runs, their notices and items.

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::book::customers::store::list_wanted;
use crate::book::entities::store as entities;
use crate::collect::dunning::input::{NoticeFilter, RunFilter};
use crate::collect::dunning::model::{LeftOut, Notice, NoticeItem, NoticeStatus, Run};
use crate::platform::db::schema::{customers, dunning_notice_items, dunning_notices, dunning_runs};
use crate::platform::db::{Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::caller::Caller;
use kernel::ids::{DunningNoticeId, DunningRunId, ItemId};

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
        dsl::version.eq(dsl::version + 1),
    ))
    .returning(Run::as_returning())
    .get_result(c)
    .optional())?)
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
    for chunk in rows.chunks(2_000) {
        on_backend!(tx, |c| diesel::insert_into(dunning_notice_items::table)
            .values(chunk)
            .execute(c))?;
    }
    Ok(())
}

pub fn list_notices_of_run(db: &mut Db, run: DunningRunId) -> Result<Vec<Notice>, DbError> {
    Ok(on_backend!(db, |c| dunning_notices::table
        .filter(dunning_notices::run_id.eq(run))
        .order(dunning_notices::id)
        .select(Notice::as_select())
        .load(c))?)
}

pub fn list_items_of_run(db: &mut Db, run: DunningRunId) -> Result<Vec<NoticeItem>, DbError> {
    Ok(on_backend!(db, |c| dunning_notice_items::table
        .filter(
            dunning_notice_items::notice_id.eq_any(
                dunning_notices::table
                    .filter(dunning_notices::run_id.eq(run))
                    .select(dunning_notices::id)
            )
        )
        .order((
            dunning_notice_items::notice_id,
            dunning_notice_items::item_id
        ))
        .select(NoticeItem::as_select())
        .load(c))?)
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

/// Gives all notices of a run another status.
pub fn set_status_of_notices(
    tx: &mut Tx,
    run: DunningRunId,
    status: NoticeStatus,
) -> Result<(), DbError> {
    use dunning_notices::dsl;
    on_backend!(tx, |c| diesel::update(
        dsl::dunning_notices.filter(dsl::run_id.eq(run))
    )
    .set((dsl::status.eq(status), dsl::version.eq(dsl::version + 1)))
    .execute(c))?;
    Ok(())
}

/// Issues the notices of a run that are not suppressed.
pub fn issue_notices(tx: &mut Tx, run: DunningRunId, on: NaiveDate) -> Result<(), DbError> {
    use dunning_notices::dsl;
    on_backend!(tx, |c| diesel::update(
        dsl::dunning_notices
            .filter(dsl::run_id.eq(run))
            .filter(dsl::status.eq(NoticeStatus::Previewed))
    )
    .set((
        dsl::status.eq(NoticeStatus::Issued),
        dsl::issued_on.eq(on),
        dsl::version.eq(dsl::version + 1),
    ))
    .execute(c))?;
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

/// Drops items from a notice for one reason.
pub fn drop_items(
    tx: &mut Tx,
    notice: DunningNoticeId,
    items: &[ItemId],
    reason: LeftOut,
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
