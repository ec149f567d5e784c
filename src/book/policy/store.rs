//! Queries on policies.

use diesel::prelude::*;

use super::model::{PolicyRow, PolicyStatus};
use crate::platform::db::schema::policies::{self, dsl};
use crate::platform::db::{Db, DbError, Tx, on_backend};

/// The version that is live.
pub fn find_live(db: &mut Db) -> Result<Option<PolicyRow>, DbError> {
    Ok(on_backend!(db, |c| policies::table
        .filter(dsl::status.eq(PolicyStatus::Live))
        .select(PolicyRow::as_select())
        .first(c)
        .optional())?)
}

pub fn insert(tx: &mut Tx, row: &PolicyRow) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(policies::table)
        .values(row)
        .execute(c))?;
    Ok(())
}
