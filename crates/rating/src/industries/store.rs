//! Queries on the industry table.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::model::IndustryVersion;
use crate::platform::db::schema::industry_versions::{self, dsl};
use crate::platform::db::{Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::text::Line;

/// The condition that a version is the last of its industry.
const IS_LAST: &str = "NOT EXISTS (SELECT 1 FROM industry_versions later \
     WHERE later.code = industry_versions.code AND later.industry_version > industry_versions.industry_version)";

/// The last version of an industry.
pub fn find(db: &mut Db, code: &Line) -> Result<Option<IndustryVersion>, DbError> {
    Ok(on_backend!(db, |c| industry_versions::table
        .filter(dsl::code.eq(code))
        .order(dsl::industry_version.desc())
        .select(IndustryVersion::as_select())
        .first(c)
        .optional())?)
}

/// What holds of every industry as of a day: of its versions whose figures are of that day or earlier the newest, and of
/// those for one day the one set last. An industrial classification has some hundred, so all are read.
pub fn list_holding(
    db: &mut Db,
    on: NaiveDate,
) -> Result<BTreeMap<Line, IndustryVersion>, DbError> {
    let rows: Vec<IndustryVersion> = on_backend!(db, |c| industry_versions::table
        .filter(dsl::as_of.le(on))
        .order((dsl::as_of, dsl::industry_version))
        .select(IndustryVersion::as_select())
        .load(c))?;
    Ok(rows
        .into_iter()
        .map(|row| (row.code.clone(), row))
        .collect())
}

pub fn insert(tx: &mut Tx, row: &IndustryVersion) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(industry_versions::table)
        .values(row)
        .execute(c))?;
    Ok(())
}

/// One page of industries, each with its last version.
pub fn list(db: &mut Db, page: &PageRequest) -> Result<Page<IndustryVersion>, Problem> {
    on_backend!(db, |c| {
        let mut query = industry_versions::table
            .filter(sql::<Bool>(IS_LAST))
            .select(IndustryVersion::as_select())
            .into_boxed();
        seek!(c, query, page, IndustryVersion, asc(dsl::code, dsl::id))
    })
}

/// One page of the versions of an industry, the last first.
pub fn list_versions(
    db: &mut Db,
    code: &Line,
    page: &PageRequest,
) -> Result<Page<IndustryVersion>, Problem> {
    on_backend!(db, |c| {
        let mut query = industry_versions::table
            .filter(dsl::code.eq(code))
            .select(IndustryVersion::as_select())
            .into_boxed();
        seek!(
            c,
            query,
            page,
            IndustryVersion,
            desc(dsl::industry_version, dsl::id)
        )
    })
}
