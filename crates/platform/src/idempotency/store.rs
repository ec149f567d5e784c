//! The table of idempotency keys.

use std::borrow::Cow;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Text};
use diesel::sqlite::Sqlite;

use super::Scope;
use crate::platform::db::schema::idempotency_keys::{self, dsl};
use crate::platform::db::{Conn, DbError, Statement, Tx, Writes, fault, insert_rows, on_backend};
use kernel::clock::Instant;
use kernel::columns::{IdColumn, InstantColumn};
use kernel::ids::IdempotencyKeyId;

#[derive(Queryable, Selectable)]
#[diesel(table_name = idempotency_keys)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct StoredResponseRow {
    pub id: IdempotencyKeyId,
    pub fingerprint: String,
    pub answer: String,
    pub created_at: Instant,
}

/// Takes the key for this transaction across replicas. SQLite has one writer, who holds everything already.
pub fn try_lock(tx: &mut Tx, id: IdempotencyKeyId) -> Result<bool, DbError> {
    let Conn::Postgres(c) = tx.conn() else {
        return Ok(true);
    };
    let id = id.uuid();
    let number = id
        .as_bytes()
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

pub fn find(tx: &mut Tx, id: IdempotencyKeyId) -> Result<Option<StoredResponseRow>, DbError> {
    Ok(on_backend!(tx, |c| dsl::idempotency_keys
        .find(id)
        .select(StoredResponseRow::as_select())
        .first(c)
        .optional())?)
}

/// An answer to be kept.
pub struct Keeping<'a> {
    pub id: IdempotencyKeyId,
    pub fingerprint: &'a str,
    pub answer: Cow<'a, str>,
    pub at: Instant,
}

pub fn insert_all<'a>(writes: &mut Writes<'_, 'a>, rows: &'a [Keeping<'a>]) -> Result<(), DbError> {
    fault("key_before_kept")?;
    insert_rows!(writes, "idempotency_keys", rows, |row| {
        id: IdColumn = row.id,
        fingerprint: Text = row.fingerprint,
        answer: Text = row.answer.as_ref(),
        created_at: InstantColumn = row.at,
    });
    Ok(())
}

/// What is kept under these keys.
pub fn list(tx: &mut Tx, ids: &[IdempotencyKeyId]) -> Result<Vec<StoredResponseRow>, DbError> {
    type Row = (IdColumn, Text, Text, InstantColumn);
    Ok(match tx.conn() {
        Conn::Postgres(c) => Statement::<_, Row>::new(
            "SELECT k.id, k.fingerprint, k.answer, k.created_at FROM UNNEST(?) AS w(id) \
             JOIN idempotency_keys k ON k.id = w.id",
        )
        .bind::<Array<IdColumn>, _>(ids)
        .load(&mut **c)?,
        Conn::Sqlite(c) => {
            let mut rows = Vec::new();
            for id in ids {
                let of_one: Vec<StoredResponseRow> = Statement::<_, Row>::new(
                    "SELECT id, fingerprint, answer, created_at FROM idempotency_keys WHERE id = ?",
                )
                .bind::<IdColumn, _>(*id)
                .load(&mut **c)?;
                rows.extend(of_one);
            }
            rows
        }
    })
}

pub fn delete(tx: &mut Tx, id: IdempotencyKeyId) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::delete(dsl::idempotency_keys.find(id))
        .execute(c))?;
    Ok(())
}

/// Forgets what was kept before `oldest`. SQLite's rows are in the order in which they were kept, so that it is the
/// first of them.
pub fn delete_before(tx: &mut Tx, oldest: Instant) -> Result<usize, DbError> {
    Ok(match tx.conn() {
        Conn::Postgres(c) => {
            diesel::delete(dsl::idempotency_keys.filter(dsl::created_at.lt(oldest))).execute(&mut **c)?
        }
        Conn::Sqlite(c) => Statement::<Sqlite>::new(
            "DELETE FROM idempotency_keys WHERE rowid < COALESCE((SELECT rowid FROM idempotency_keys \
             WHERE created_at >= ? ORDER BY rowid LIMIT 1), 9223372036854775807)",
        )
        .bind::<InstantColumn, _>(oldest)
        .execute(&mut **c)?,
    })
}

impl Scope {
    /// The id under which the key's answer is kept: 128 bits of a hash of all that it belongs to.
    pub fn id(&self) -> IdempotencyKeyId {
        let name = format!(
            "{}\n{}\n{}\n{}",
            self.caller, self.method, self.route, self.key
        );
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, name.as_bytes());
        let bits = digest
            .as_ref()
            .iter()
            .take(16)
            .fold(0u128, |bits, byte| (bits << 8) | u128::from(*byte));
        IdempotencyKeyId::from_uuid(uuid::Uuid::from_u128(bits))
    }
}
