//! Queries on grade scales.

use diesel::prelude::*;

use super::input::ScaleFilter;
use super::model::{ScaleRow, ScaleStatus};
use crate::platform::db::schema::grade_scales::{self, dsl};
use crate::platform::db::{Db, DbError, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use crate::platform::versions::store::{VersionTable as _, version_table};
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
    ScaleRow::find_live(db, &())
}

version_table!(ScaleRow in grade_scales, ScaleStatus, |_slot| [], number: scale_version);

/// The versions under these ids.
pub fn list_by_ids(db: &mut Db, ids: &[GradeScaleId]) -> Result<Vec<ScaleRow>, DbError> {
    Ok(on_backend!(db, |c| grade_scales::table
        .filter(dsl::id.eq_any(ids))
        .select(ScaleRow::as_select())
        .load(c))?)
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
