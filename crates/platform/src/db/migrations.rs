//! The migrations of both databases, inside the binary.
//!
//! Each runs in a transaction of its own, except one whose folder has a `metadata.toml` with `run_in_transaction = false`:
//! for what a transaction can't do, such as an index that is built while others write, or a SQLite table that is made anew
//! with the keys to it switched off. CONTRIBUTING.md says how to write one.

use std::collections::BTreeSet;
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::migration::MigrationSource;
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{Conn, Db, DbError};

const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// Any number that no other program on the same server locks: it keeps two replicas from migrating at once.
const MIGRATION_LOCK: i64 = 0x6e65_7474_6572_6d73;

/// How often a replica looks whether another that migrates is done.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Applies what is pending, and says which.
///
/// # Errors
/// When a migration fails; those before it stay applied.
pub fn run(db: &mut Db) -> Result<Vec<String>, DbError> {
    run_from(db, POSTGRES, SQLITE)
}

/// [`run`] with other migrations than those in the binary, for tests of what a migration may be.
///
/// # Errors
/// Those of [`run`].
pub fn run_from(
    db: &mut Db,
    postgres: impl MigrationSource<Pg>,
    sqlite: impl MigrationSource<Sqlite>,
) -> Result<Vec<String>, DbError> {
    match db.conn() {
        Conn::Postgres(c) => {
            lock(&mut *c)?;
            let outcome = apply::<Pg>(&mut **c, postgres);
            let released = diesel::sql_query("SELECT pg_advisory_unlock($1)")
                .bind::<BigInt, _>(MIGRATION_LOCK)
                .execute(&mut **c);
            // What went wrong first is what is told.
            let applied = outcome?;
            released?;
            Ok(applied)
        }
        Conn::Sqlite(c) => {
            let outcome = apply::<Sqlite>(&mut **c, sqlite);
            // A migration outside a transaction may have switched them off, and stopped there.
            let switched_on = c.batch_execute("PRAGMA foreign_keys = ON");
            let applied = outcome?;
            switched_on?;
            Ok(applied)
        }
    }
}

/// Waits until no other replica migrates.
///
/// A replica that waited inside a statement would hold a snapshot, for whose end `CREATE INDEX CONCURRENTLY` waits in the
/// one that migrates: each would wait for the other.
fn lock(connection: &mut PgConnection) -> Result<(), DbError> {
    #[derive(QueryableByName)]
    struct Lock {
        #[diesel(sql_type = Bool)]
        is_ours: bool,
    }
    let mut has_told = false;
    loop {
        let lock: Lock = diesel::sql_query("SELECT pg_try_advisory_lock($1) AS is_ours")
            .bind::<BigInt, _>(MIGRATION_LOCK)
            .get_result(connection)?;
        if lock.is_ours {
            return Ok(());
        }
        if !has_told {
            tracing::info!("another replica migrates the database; waiting for it");
            has_told = true;
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// How many migrations are waiting.
///
/// # Errors
/// When the database can't be asked.
pub fn pending(db: &mut Db) -> Result<usize, DbError> {
    match db.conn() {
        Conn::Postgres(c) => {
            MigrationHarness::<Pg>::pending_migrations(&mut **c, POSTGRES).map(|m| m.len())
        }
        Conn::Sqlite(c) => {
            MigrationHarness::<Sqlite>::pending_migrations(&mut **c, SQLITE).map(|m| m.len())
        }
    }
    .map_err(|error| DbError::Document(error.to_string()))
}

/// The versions of all migrations for PostgreSQL.
pub(super) fn known_postgres() -> diesel::migration::Result<BTreeSet<String>> {
    versions::<Pg>(&POSTGRES)
}

/// The versions of all migrations for SQLite.
pub(super) fn known_sqlite() -> diesel::migration::Result<BTreeSet<String>> {
    versions::<Sqlite>(&SQLITE)
}

fn versions<B: diesel::backend::Backend>(
    source: &EmbeddedMigrations,
) -> diesel::migration::Result<BTreeSet<String>> {
    let migrations = MigrationSource::<B>::migrations(source)?;
    Ok(migrations
        .iter()
        .map(|migration| migration.name().version().to_string())
        .collect())
}

/// Undoes every migration. For tests of the way back only.
///
/// # Errors
/// When one can't be undone.
pub fn revert_all(db: &mut Db) -> Result<(), DbError> {
    match db.conn() {
        Conn::Postgres(c) => {
            MigrationHarness::<Pg>::revert_all_migrations(&mut **c, POSTGRES).map(|m| m.len())
        }
        Conn::Sqlite(c) => {
            MigrationHarness::<Sqlite>::revert_all_migrations(&mut **c, SQLITE).map(|m| m.len())
        }
    }
    .map(|_| ())
    .map_err(|error| DbError::Document(error.to_string()))
}

fn apply<B: diesel::backend::Backend>(
    connection: &mut impl MigrationHarness<B>,
    source: impl MigrationSource<B>,
) -> Result<Vec<String>, DbError> {
    connection
        .run_pending_migrations(source)
        .map(|applied| applied.iter().map(ToString::to_string).collect())
        .map_err(|error| DbError::Document(error.to_string()))
}
