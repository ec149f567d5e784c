//! Queries on rating models.

use diesel::prelude::*;

use super::input::ModelFilter;
use super::model::{ModelRow, ModelStatus};
use crate::platform::db::schema::rating_models::{self, dsl};
use crate::platform::db::{Conn, Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::ids::RatingModelId;
use kernel::text::Keyword;

pub fn find(db: &mut Db, id: RatingModelId) -> Result<Option<ModelRow>, DbError> {
    Ok(on_backend!(db, |c| rating_models::table
        .find(id)
        .select(ModelRow::as_select())
        .first(c)
        .optional())?)
}

/// The models under these ids.
pub fn list_by_ids(db: &mut Db, ids: &[RatingModelId]) -> Result<Vec<ModelRow>, DbError> {
    Ok(on_backend!(db, |c| rating_models::table
        .filter(dsl::id.eq_any(ids))
        .select(ModelRow::as_select())
        .load(c))?)
}

/// The model that is live.
pub fn find_live(db: &mut Db) -> Result<Option<ModelRow>, DbError> {
    Ok(on_backend!(db, |c| rating_models::table
        .filter(dsl::status.eq(ModelStatus::Live))
        .select(ModelRow::as_select())
        .first(c)
        .optional())?)
}

/// The models in shadow, the oldest first.
pub fn list_in_shadow(db: &mut Db) -> Result<Vec<ModelRow>, DbError> {
    Ok(on_backend!(db, |c| rating_models::table
        .filter(dsl::status.eq(ModelStatus::Shadow))
        .order(dsl::id)
        .select(ModelRow::as_select())
        .load(c))?)
}

/// The model that is live, locked until the unit of work ends: whoever numbers a draft or sets a model live holds this
/// lock. Another may have gone live while we waited; then that one is locked.
pub fn lock_live(tx: &mut Tx) -> Result<Option<ModelRow>, DbError> {
    loop {
        let locked = try_lock_live(tx)?;
        if locked.is_some() || find_live(tx)?.is_none() {
            return Ok(locked);
        }
    }
}

/// On SQLite the transaction holds the only write lock already.
fn try_lock_live(tx: &mut Tx) -> Result<Option<ModelRow>, DbError> {
    let live = rating_models::table.filter(dsl::status.eq(ModelStatus::Live));
    Ok(match tx.conn() {
        Conn::Postgres(c) => live
            .select(ModelRow::as_select())
            .for_update()
            .first(&mut **c)
            .optional()?,
        Conn::Sqlite(c) => live
            .select(ModelRow::as_select())
            .first(&mut **c)
            .optional()?,
    })
}

/// The highest version that a code has; 0 when there is none.
pub fn last_number(db: &mut Db, code: &Keyword) -> Result<i32, DbError> {
    let last: Option<i32> = on_backend!(db, |c| rating_models::table
        .filter(dsl::code.eq(code))
        .select(diesel::dsl::max(dsl::model_version))
        .first(c))?;
    Ok(last.unwrap_or(0))
}

pub fn insert(tx: &mut Tx, row: &ModelRow) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(rating_models::table)
        .values(row)
        .execute(c))?;
    Ok(())
}

/// Writes the row when it still has the version that `model` was read with, and gives the row as it is now.
pub fn update_if_unchanged(tx: &mut Tx, model: &ModelRow) -> Result<Option<ModelRow>, DbError> {
    Ok(on_backend!(tx, |c| diesel::update(
        dsl::rating_models
            .find(model.id)
            .filter(dsl::version.eq(model.version))
    )
    .set((
        dsl::name.eq(&model.name),
        dsl::status.eq(model.status),
        dsl::document.eq(&model.document),
        dsl::report.eq(&model.report),
        dsl::reason.eq(&model.reason),
        dsl::drafters.eq(&model.drafters),
        dsl::approver.eq(&model.approver),
        dsl::shadow_at.eq(model.shadow_at),
        dsl::approved_at.eq(model.approved_at),
        dsl::live_at.eq(model.live_at),
        dsl::retired_at.eq(model.retired_at),
        dsl::version.eq(dsl::version + 1),
    ))
    .returning(ModelRow::as_returning())
    .get_result(c)
    .optional())?)
}

/// One page of models, the newest first.
pub fn list(
    db: &mut Db,
    filter: &ModelFilter,
    page: &PageRequest,
) -> Result<Page<ModelRow>, Problem> {
    on_backend!(db, |c| {
        let mut query = rating_models::table
            .select(ModelRow::as_select())
            .into_boxed();
        if !filter.status.is_empty() {
            query = query.filter(dsl::status.eq_any(&filter.status));
        }
        if !filter.kind.is_empty() {
            query = query.filter(dsl::kind.eq_any(&filter.kind));
        }
        if !filter.code.is_empty() {
            query = query.filter(dsl::code.eq_any(&filter.code));
        }
        seek!(c, query, page, ModelRow, desc(dsl::id))
    })
}
