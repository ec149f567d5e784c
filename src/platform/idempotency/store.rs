//! The table of idempotency keys.

use aws_lc_rs::digest::{SHA256, digest};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use super::Scope;
use crate::kernel::clock::Instant;
use crate::platform::db::schema::idempotency_keys::{self, dsl};
use crate::platform::db::{Conn, DbError, Tx, on_backend};

#[derive(Queryable, Selectable)]
#[diesel(table_name = idempotency_keys)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct KeptRow {
    pub fingerprint: String,
    pub answer: String,
    pub created_at: Instant,
}

#[derive(Insertable)]
#[diesel(table_name = idempotency_keys)]
struct NewKey<'a> {
    caller: &'a str,
    method: &'a str,
    route: &'a str,
    key: &'a str,
    fingerprint: &'a str,
    answer: &'a str,
    created_at: Instant,
}

/// Takes the key for this transaction across replicas. SQLite has one writer, who holds everything already.
pub fn try_lock(tx: &mut Tx, scope: &Scope) -> Result<bool, DbError> {
    let Conn::Postgres(c) = tx.conn() else {
        return Ok(true);
    };
    let name = format!(
        "{}\n{}\n{}\n{}",
        scope.caller, scope.method, scope.route, scope.key
    );
    let hash = digest(&SHA256, name.as_bytes());
    let number = hash
        .as_ref()
        .iter()
        .take(8)
        .fold(0i64, |number, byte| (number << 8) | i64::from(*byte));
    let locked = diesel::select(
        diesel::dsl::sql::<Bool>("pg_try_advisory_xact_lock(")
            .bind::<BigInt, _>(number)
            .sql(")"),
    )
    .get_result(&mut **c)?;
    Ok(locked)
}

pub fn find(tx: &mut Tx, scope: &Scope) -> Result<Option<KeptRow>, DbError> {
    Ok(on_backend!(tx, |c| dsl::idempotency_keys
        .find((&scope.caller, &scope.method, &scope.route, &scope.key))
        .select(KeptRow::as_select())
        .first(c)
        .optional())?)
}

pub fn insert(tx: &mut Tx, scope: &Scope, fingerprint: &str, answer: &str) -> Result<(), DbError> {
    let row = NewKey {
        caller: &scope.caller,
        method: &scope.method,
        route: &scope.route,
        key: &scope.key,
        fingerprint,
        answer,
        created_at: tx.now(),
    };
    on_backend!(tx, |c| diesel::insert_into(dsl::idempotency_keys)
        .values(&row)
        .execute(c))?;
    Ok(())
}

pub fn delete(tx: &mut Tx, scope: &Scope) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::delete(dsl::idempotency_keys.find((
        &scope.caller,
        &scope.method,
        &scope.route,
        &scope.key
    )))
    .execute(c))?;
    Ok(())
}

pub fn delete_before(tx: &mut Tx, oldest: Instant) -> Result<usize, DbError> {
    Ok(on_backend!(tx, |c| diesel::delete(
        dsl::idempotency_keys.filter(dsl::created_at.lt(oldest))
    )
    .execute(c))?)
}
