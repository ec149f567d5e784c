//! Queries on policies.

use diesel::prelude::*;

use super::input::PolicyFilter;
use super::model::{PolicyRow, PolicyStatus};
use crate::platform::db::schema::policies;
use crate::platform::db::schema::policies::dsl;
use crate::platform::db::{Conn, Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
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
    Ok(on_backend!(db, |c| policies::table
        .filter(dsl::status.eq(PolicyStatus::Live))
        .select(PolicyRow::as_select())
        .first(c)
        .optional())?)
}

/// The version that is live, locked until the unit of work ends: whoever numbers a draft or sets one live holds this
/// lock. Another version may have gone live while we waited; then that one is locked.
pub fn lock_live(tx: &mut Tx) -> Result<Option<PolicyRow>, DbError> {
    loop {
        let locked = try_lock_live(tx)?;
        if locked.is_some() || find_live(tx)?.is_none() {
            return Ok(locked);
        }
    }
}

/// On SQLite the transaction holds the only write lock already.
fn try_lock_live(tx: &mut Tx) -> Result<Option<PolicyRow>, DbError> {
    let live = policies::table.filter(dsl::status.eq(PolicyStatus::Live));
    Ok(match tx.conn() {
        Conn::Postgres(c) => live
            .select(PolicyRow::as_select())
            .for_update()
            .first(&mut **c)
            .optional()?,
        Conn::Sqlite(c) => live
            .select(PolicyRow::as_select())
            .first(&mut **c)
            .optional()?,
    })
}

/// The highest number that a version has; 0 when there is none.
pub fn last_number(db: &mut Db) -> Result<i32, DbError> {
    let last: Option<i32> = on_backend!(db, |c| policies::table
        .select(diesel::dsl::max(dsl::policy_version))
        .first(c))?;
    Ok(last.unwrap_or(0))
}

pub fn insert(tx: &mut Tx, row: &PolicyRow) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(policies::table)
        .values(row)
        .execute(c))?;
    Ok(())
}

/// Writes the row when it still has the version that `policy` was read with, and gives the row as it is now.
pub fn update_if_unchanged(tx: &mut Tx, policy: &PolicyRow) -> Result<Option<PolicyRow>, DbError> {
    Ok(on_backend!(tx, |c| diesel::update(
        dsl::policies
            .find(policy.id)
            .filter(dsl::version.eq(policy.version))
    )
    .set((
        dsl::status.eq(policy.status),
        dsl::document.eq(&policy.document),
        dsl::reason.eq(&policy.reason),
        dsl::drafters.eq(&policy.drafters),
        dsl::approver.eq(&policy.approver),
        dsl::live_at.eq(policy.live_at),
        dsl::retired_at.eq(policy.retired_at),
        dsl::version.eq(dsl::version + 1),
    ))
    .returning(PolicyRow::as_returning())
    .get_result(c)
    .optional())?)
}

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
