//! Queries on grade scales.

use diesel::prelude::*;

use super::input::ScaleFilter;
use super::model::{ScaleRow, ScaleStatus};
use crate::platform::db::schema::grade_scales::{self, dsl};
use crate::platform::db::{Conn, Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::ids::GradeScaleId;

pub fn find(db: &mut Db, id: GradeScaleId) -> Result<Option<ScaleRow>, DbError> {
    Ok(on_backend!(db, |c| grade_scales::table
        .find(id)
        .select(ScaleRow::as_select())
        .first(c)
        .optional())?)
}

/// The version that is live.
pub fn find_live(db: &mut Db) -> Result<Option<ScaleRow>, DbError> {
    Ok(on_backend!(db, |c| grade_scales::table
        .filter(dsl::status.eq(ScaleStatus::Live))
        .select(ScaleRow::as_select())
        .first(c)
        .optional())?)
}

/// The version that is live, locked until the unit of work ends: whoever numbers a draft or sets one live holds this
/// lock. Another version may have gone live while we waited; then that one is locked.
pub fn lock_live(tx: &mut Tx) -> Result<Option<ScaleRow>, DbError> {
    loop {
        let locked = try_lock_live(tx)?;
        if locked.is_some() || find_live(tx)?.is_none() {
            return Ok(locked);
        }
    }
}

/// On SQLite the transaction holds the only write lock already.
fn try_lock_live(tx: &mut Tx) -> Result<Option<ScaleRow>, DbError> {
    let live = grade_scales::table.filter(dsl::status.eq(ScaleStatus::Live));
    Ok(match tx.conn() {
        Conn::Postgres(c) => live
            .select(ScaleRow::as_select())
            .for_update()
            .first(&mut **c)
            .optional()?,
        Conn::Sqlite(c) => live
            .select(ScaleRow::as_select())
            .first(&mut **c)
            .optional()?,
    })
}

/// The highest number that a version has; 0 when there is none.
pub fn last_number(db: &mut Db) -> Result<i32, DbError> {
    let last: Option<i32> = on_backend!(db, |c| grade_scales::table
        .select(diesel::dsl::max(dsl::scale_version))
        .first(c))?;
    Ok(last.unwrap_or(0))
}

/// The versions under these ids.
pub fn list_by_ids(db: &mut Db, ids: &[GradeScaleId]) -> Result<Vec<ScaleRow>, DbError> {
    Ok(on_backend!(db, |c| grade_scales::table
        .filter(dsl::id.eq_any(ids))
        .select(ScaleRow::as_select())
        .load(c))?)
}

pub fn insert(tx: &mut Tx, row: &ScaleRow) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(grade_scales::table)
        .values(row)
        .execute(c))?;
    Ok(())
}

/// Writes the row when it still has the version that `scale` was read with, and gives the row as it is now.
pub fn update_if_unchanged(tx: &mut Tx, scale: &ScaleRow) -> Result<Option<ScaleRow>, DbError> {
    Ok(on_backend!(tx, |c| diesel::update(
        dsl::grade_scales
            .find(scale.id)
            .filter(dsl::version.eq(scale.version))
    )
    .set((
        dsl::status.eq(scale.status),
        dsl::document.eq(&scale.document),
        dsl::reason.eq(&scale.reason),
        dsl::drafters.eq(&scale.drafters),
        dsl::approver.eq(&scale.approver),
        dsl::live_at.eq(scale.live_at),
        dsl::retired_at.eq(scale.retired_at),
        dsl::version.eq(dsl::version + 1),
    ))
    .returning(ScaleRow::as_returning())
    .get_result(c)
    .optional())?)
}

/// One page of versions, the newest first.
pub fn list(
    db: &mut Db,
    filter: &ScaleFilter,
    page: &PageRequest,
) -> Result<Page<ScaleRow>, Problem> {
    on_backend!(db, |c| {
        let mut query = grade_scales::table
            .select(ScaleRow::as_select())
            .into_boxed();
        if !filter.status.is_empty() {
            query = query.filter(dsl::status.eq_any(&filter.status));
        }
        seek!(c, query, page, ScaleRow, desc(dsl::scale_version, dsl::id))
    })
}
