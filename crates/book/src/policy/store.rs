//! Queries on policies.

use diesel::prelude::*;

use super::input::PolicyFilter;
use super::model::{PolicyRow, PolicyStatus};
use crate::platform::db::schema::policies;
use crate::platform::db::schema::policies::dsl;
use crate::platform::db::{Db, DbError, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use crate::platform::versions::store::{VersionTable as _, version_table};
use kernel::ids::PolicyId;

pub fn find(db: &mut Db, id: PolicyId) -> Result<Option<PolicyRow>, DbError> {
    Ok(on_backend!(db, |c| policies::table
        .find(id)
        .select(PolicyRow::as_select())
        .first(c)
        .optional())?)
}

/// The row of a version.
pub fn find_version(db: &mut Db, version: i32) -> Result<Option<PolicyRow>, DbError> {
    Ok(on_backend!(db, |c| policies::table
        .filter(dsl::policy_version.eq(version))
        .select(PolicyRow::as_select())
        .first(c)
        .optional())?)
}

/// The id of the version that is live.
pub fn find_live_id(db: &mut Db) -> Result<Option<PolicyId>, DbError> {
    Ok(on_backend!(db, |c| policies::table
        .filter(dsl::status.eq(PolicyStatus::Live))
        .select(dsl::id)
        .first(c)
        .optional())?)
}

/// The version that is live.
pub fn find_live(db: &mut Db) -> Result<Option<PolicyRow>, DbError> {
    PolicyRow::find_live(db, &())
}

version_table!(PolicyRow in policies, PolicyStatus, |_slot| [], number: policy_version);

/// One page of versions, the newest first.
pub fn list(
    db: &mut Db,
    filter: &PolicyFilter,
    page: &PageRequest,
) -> Result<Page<PolicyRow>, Problem> {
    on_backend!(db, |c| {
        let mut query = policies::table.select(PolicyRow::as_select()).into_boxed();
        if !filter.status.is_empty() {
            query = query.filter(dsl::status.eq_any(&filter.status));
        }
        seek!(
            c,
            query,
            page,
            PolicyRow,
            desc(dsl::policy_version, dsl::id)
        )
    })
}
