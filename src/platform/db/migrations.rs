//! The migrations of both databases, inside the binary.

use std::collections::BTreeSet;

use diesel::migration::MigrationSource;
use diesel::pg::Pg;
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{Conn, Db, DbError};

const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// Any number that no other program on the same server locks: it keeps two replicas from migrating at once.
const MIGRATION_LOCK: i64 = 0x6e65_7474_6572_6d73;

/// Applies what is pending, and says which.
///
/// # Errors
/// When a migration fails; those before it stay applied.
pub fn run(db: &mut Db) -> Result<Vec<String>, DbError> {
    match db.conn() {
        Conn::Postgres(c) => {
            use diesel::prelude::*;
            diesel::sql_query("SELECT pg_advisory_lock($1)")
                .bind::<diesel::sql_types::BigInt, _>(MIGRATION_LOCK)
                .execute(&mut **c)?;
            let outcome = apply::<Pg>(&mut **c, POSTGRES);
            diesel::sql_query("SELECT pg_advisory_unlock($1)")
                .bind::<diesel::sql_types::BigInt, _>(MIGRATION_LOCK)
                .execute(&mut **c)?;
            outcome
        }
        Conn::Sqlite(c) => apply::<Sqlite>(&mut **c, SQLITE),
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
    source: EmbeddedMigrations,
) -> Result<Vec<String>, DbError> {
    connection
        .run_pending_migrations(source)
        .map(|applied| applied.iter().map(ToString::to_string).collect())
        .map_err(|error| DbError::Document(error.to_string()))
}
