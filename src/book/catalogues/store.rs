//! Queries on catalogues.

use diesel::prelude::*;

use super::input::CatalogueVersionFilter;
use super::model::{CatalogueRow, CatalogueStatus};
use crate::platform::db::schema::catalogue_versions::{self, dsl};
use crate::platform::db::{Conn, Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
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

/// The version of a catalogue that is live.
pub fn find_live(db: &mut Db, code: &str) -> Result<Option<CatalogueRow>, DbError> {
    Ok(on_backend!(db, |c| catalogue_versions::table
        .filter(dsl::code.eq(code))
        .filter(dsl::status.eq(CatalogueStatus::Live))
        .select(CatalogueRow::as_select())
        .first(c)
        .optional())?)
}

/// The version that is live, locked until the unit of work ends: whoever numbers a draft or sets one live holds this
/// lock. Another version may have gone live while we waited; then that one is locked.
pub fn lock_live(tx: &mut Tx, code: &str) -> Result<Option<CatalogueRow>, DbError> {
    loop {
        let locked = try_lock_live(tx, code)?;
        if locked.is_some() || find_live(tx, code)?.is_none() {
            return Ok(locked);
        }
    }
}

/// On SQLite the transaction holds the only write lock already.
fn try_lock_live(tx: &mut Tx, code: &str) -> Result<Option<CatalogueRow>, DbError> {
    let live = catalogue_versions::table
        .filter(dsl::code.eq(code))
        .filter(dsl::status.eq(CatalogueStatus::Live));
    Ok(match tx.conn() {
        Conn::Postgres(c) => live
            .select(CatalogueRow::as_select())
            .for_update()
            .first(&mut **c)
            .optional()?,
        Conn::Sqlite(c) => live
            .select(CatalogueRow::as_select())
            .first(&mut **c)
            .optional()?,
    })
}

/// The codes of all catalogues that there are.
pub fn list_codes(db: &mut Db) -> Result<Vec<SnakeCode>, DbError> {
    Ok(on_backend!(db, |c| catalogue_versions::table
        .select(dsl::code)
        .distinct()
        .load(c))?)
}

/// The highest number that a version of the catalogue has; 0 when there is none.
pub fn last_number(db: &mut Db, code: &str) -> Result<i32, DbError> {
    let last: Option<i32> = on_backend!(db, |c| catalogue_versions::table
        .filter(dsl::code.eq(code))
        .select(diesel::dsl::max(dsl::catalogue_version))
        .first(c))?;
    Ok(last.unwrap_or(0))
}

pub fn insert(tx: &mut Tx, row: &CatalogueRow) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(catalogue_versions::table)
        .values(row)
        .execute(c))?;
    Ok(())
}

/// Writes the row when it still has the version that `row` was read with, and gives the row as it is now.
pub fn update_if_unchanged(
    tx: &mut Tx,
    row: &CatalogueRow,
) -> Result<Option<CatalogueRow>, DbError> {
    Ok(on_backend!(tx, |c| diesel::update(
        dsl::catalogue_versions
            .find(row.id)
            .filter(dsl::version.eq(row.version))
    )
    .set((
        dsl::status.eq(row.status),
        dsl::document.eq(&row.document),
        dsl::reason.eq(&row.reason),
        dsl::drafters.eq(&row.drafters),
        dsl::approver.eq(&row.approver),
        dsl::live_at.eq(row.live_at),
        dsl::retired_at.eq(row.retired_at),
        dsl::version.eq(dsl::version + 1),
    ))
    .returning(CatalogueRow::as_returning())
    .get_result(c)
    .optional())?)
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
