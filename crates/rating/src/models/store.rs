//! Queries on rating models.

use diesel::prelude::*;

use super::input::ModelFilter;
use super::model::{ModelRow, ModelStatus};
use crate::platform::db::schema::rating_models::{self, dsl};
use crate::platform::db::{Db, DbError, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use crate::platform::versions::store::{VersionTable as _, version_table};
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
    ModelRow::find_live(db, &())
}

version_table!(
    ModelRow in rating_models, ModelStatus, |_slot| [], also: [name, report, shadow_at, approved_at]
);

/// The models in shadow, the oldest first.
pub fn list_in_shadow(db: &mut Db) -> Result<Vec<ModelRow>, DbError> {
    Ok(on_backend!(db, |c| rating_models::table
        .filter(dsl::status.eq(ModelStatus::Shadow))
        .order(dsl::id)
        .select(ModelRow::as_select())
        .load(c))?)
}

/// The highest version that a code has; 0 when there is none.
pub fn last_number(db: &mut Db, code: &Keyword) -> Result<i32, DbError> {
    let last: Option<i32> = on_backend!(db, |c| rating_models::table
        .filter(dsl::code.eq(code))
        .select(diesel::dsl::max(dsl::model_version))
        .first(c))?;
    Ok(last.unwrap_or(0))
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
