//! Queries on API keys.

use diesel::dsl::count_star;
use diesel::prelude::*;

use super::input::ApiKeyFilter;
use super::model::ApiKey;
use crate::platform::db::schema::api_keys::{self, dsl};
use crate::platform::db::{Conn, Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::clock::Instant;
use kernel::ids::ApiKeyId;

/// How many keys are not revoked.
pub fn count(db: &mut Db) -> Result<i64, DbError> {
    Ok(on_backend!(db, |c| api_keys::table
        .filter(dsl::revoked_at.is_null())
        .select(count_star())
        .first(c))?)
}

pub fn insert(tx: &mut Tx, row: &ApiKey) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(api_keys::table)
        .values(row)
        .execute(c))?;
    Ok(())
}

pub fn find(db: &mut Db, id: ApiKeyId) -> Result<Option<ApiKey>, DbError> {
    Ok(on_backend!(db, |c| api_keys::table
        .find(id)
        .select(ApiKey::as_select())
        .first(c)
        .optional())?)
}

/// The key, locked until the unit of work ends. On SQLite the transaction holds the only write lock already.
pub fn lock(tx: &mut Tx, id: ApiKeyId) -> Result<Option<ApiKey>, DbError> {
    match tx.conn() {
        Conn::Postgres(c) => Ok(api_keys::table
            .find(id)
            .select(ApiKey::as_select())
            .for_update()
            .first(&mut **c)
            .optional()?),
        Conn::Sqlite(_) => find(tx, id),
    }
}

pub fn list(
    db: &mut Db,
    filter: &ApiKeyFilter,
    page: &PageRequest,
) -> Result<Page<ApiKey>, Problem> {
    on_backend!(db, |c| {
        let mut query = api_keys::table.select(ApiKey::as_select()).into_boxed();
        if !filter.role.is_empty() {
            query = query.filter(dsl::role.eq_any(&filter.role));
        }
        seek!(c, query, page, ApiKey, asc(api_keys::id))
    })
}

/// Writes what a person decided about a locked key.
pub fn update(tx: &mut Tx, row: &ApiKey) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::update(dsl::api_keys.find(row.id))
        .set((
            dsl::secret_hash.eq(&row.secret_hash),
            dsl::previous_hash.eq(&row.previous_hash),
            dsl::previous_until.eq(row.previous_until),
            dsl::revoked_at.eq(row.revoked_at),
            dsl::changed_at.eq(row.changed_at),
            dsl::version.eq(row.version),
        ))
        .execute(c))?;
    Ok(())
}

/// Says that a key was used, unless it was said lately.
pub fn note_use(
    tx: &mut Tx,
    id: ApiKeyId,
    now: Instant,
    unless_since: Instant,
) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::update(
        dsl::api_keys.filter(dsl::id.eq(id)).filter(
            dsl::last_used_at
                .is_null()
                .or(dsl::last_used_at.lt(unless_since))
        )
    )
    .set(dsl::last_used_at.eq(now))
    .execute(c))?;
    Ok(())
}
