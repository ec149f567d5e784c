//! Queries on catalogues.

use diesel::prelude::*;

use super::input::CatalogueVersionFilter;
use super::model::{CatalogueRow, CatalogueStatus};
use crate::platform::db::schema::catalogue_versions::{self, dsl};
use crate::platform::db::{Db, DbError, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use crate::platform::versions::store::version_table;
use kernel::text::SnakeCode;

/// A version of a catalogue by its number.
pub fn find_version(db: &mut Db, code: &str, number: i32) -> Result<Option<CatalogueRow>, DbError> {
    Ok(on_backend!(db, |c| catalogue_versions::table
        .filter(dsl::code.eq(code))
        .filter(dsl::catalogue_version.eq(number))
        .select(CatalogueRow::as_select())
        .first(c)
        .optional())?)
}

version_table!(
    CatalogueRow in catalogue_versions, CatalogueStatus, |code| [dsl::code.eq(code)], number: catalogue_version
);

/// The codes of all catalogues that there are.
pub fn list_codes(db: &mut Db) -> Result<Vec<SnakeCode>, DbError> {
    Ok(on_backend!(db, |c| catalogue_versions::table
        .select(dsl::code)
        .distinct()
        .load(c))?)
}

/// One page of the live versions of all catalogues, by code.
pub fn list_live(db: &mut Db, page: &PageRequest) -> Result<Page<CatalogueRow>, Problem> {
    on_backend!(db, |c| {
        let mut query = catalogue_versions::table
            .filter(dsl::status.eq(CatalogueStatus::Live))
            .select(CatalogueRow::as_select())
            .into_boxed();
        seek!(c, query, page, CatalogueRow, asc(dsl::code, dsl::id))
    })
}

/// One page of a catalogue's versions, the newest first.
pub fn list_versions(
    db: &mut Db,
    code: &str,
    filter: &CatalogueVersionFilter,
    page: &PageRequest,
) -> Result<Page<CatalogueRow>, Problem> {
    on_backend!(db, |c| {
        let mut query = catalogue_versions::table
            .filter(dsl::code.eq(code))
            .select(CatalogueRow::as_select())
            .into_boxed();
        if !filter.status.is_empty() {
            query = query.filter(dsl::status.eq_any(&filter.status));
        }
        seek!(
            c,
            query,
            page,
            CatalogueRow,
            desc(dsl::catalogue_version, dsl::id)
        )
    })
}
