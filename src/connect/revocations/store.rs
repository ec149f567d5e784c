//! Queries on revocations.

use diesel::prelude::*;

use super::model::TokenRevocation;
use crate::platform::db::schema::token_revocations::{self, dsl};
use crate::platform::db::{Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::ids::TokenRevocationId;

pub fn insert(tx: &mut Tx, row: &TokenRevocation) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(token_revocations::table)
        .values(row)
        .execute(c))?;
    Ok(())
}

/// All that are still about something.
pub fn list_kept(db: &mut Db, seconds: i64) -> Result<Vec<TokenRevocation>, DbError> {
    Ok(on_backend!(db, |c| token_revocations::table
        .filter(dsl::kept_until.ge(seconds))
        .select(TokenRevocation::as_select())
        .load(c))?)
}

pub fn list(db: &mut Db, page: &PageRequest) -> Result<Page<TokenRevocation>, Problem> {
    on_backend!(db, |c| {
        let mut query = token_revocations::table
            .select(TokenRevocation::as_select())
            .into_boxed();
        seek!(c, query, page, TokenRevocation, asc(token_revocations::id))
    })
}

/// Some that are about nothing any more.
pub fn list_old(db: &mut Db, seconds: i64, most: i64) -> Result<Vec<TokenRevocationId>, DbError> {
    Ok(on_backend!(db, |c| token_revocations::table
        .filter(dsl::kept_until.lt(seconds))
        .select(dsl::id)
        .limit(most)
        .load(c))?)
}

pub fn delete(tx: &mut Tx, ids: &[TokenRevocationId]) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::delete(
        dsl::token_revocations.filter(dsl::id.eq_any(ids))
    )
    .execute(c))?;
    Ok(())
}
