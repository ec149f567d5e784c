//! Whether a database is ours, and of a version that we know: looked at before anything is written to it.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::Path;

use diesel::pg::PgConnection;
use diesel::sql_types::{Bool, Text};
use diesel::sqlite::SqliteConnection;
use diesel::{Connection as _, QueryableByName, RunQueryDsl as _, sql_query};

use super::migrations;
use super::open::{OpenError, unreachable};

/// The first migration that development had before there was a base: a book with it has no way to any schema of ours.
const BEFORE_BASE: &str = "20261122000001";

/// One text that a look into the catalogue gives.
#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Bool)]
    is_there: bool,
}

/// Refuses a PostgreSQL database on which a newer version has run, or one from before the base.
pub(super) fn recognise_postgres(connection: &mut PgConnection) -> Result<(), OpenError> {
    let found: Found =
        sql_query("SELECT to_regclass('__diesel_schema_migrations') IS NOT NULL AS is_there")
            .get_result(connection)
            .map_err(unreachable)?;
    if !found.is_there {
        return Ok(());
    }
    let applied: Vec<Name> =
        sql_query("SELECT version::text AS name FROM __diesel_schema_migrations ORDER BY version")
            .load(connection)
            .map_err(unreachable)?;
    let known = migrations::known_postgres().map_err(unreachable)?;
    refuse_unknown(applied, &known)
}

/// Refuses a SQLite file of another program, and one on which a newer version has run, or one from before the base. A file
/// that is not there yet is made, readable by its owner alone.
pub(super) fn recognise_sqlite(path: &str) -> Result<(), OpenError> {
    if is_new(path)? {
        return Ok(());
    }
    let mut connection = SqliteConnection::establish(path).map_err(unreachable)?;
    let tables: Vec<Name> = sql_query(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    )
    .load(&mut connection)
    .map_err(unreachable)?;
    let has = |name: &str| tables.iter().any(|table| table.name == name);
    if tables.is_empty() {
        return Ok(());
    }
    if !has("__diesel_schema_migrations") {
        return Err(OpenError::Foreign(path.to_owned()));
    }
    let applied: Vec<Name> =
        sql_query("SELECT version AS name FROM __diesel_schema_migrations ORDER BY version")
            .load(&mut connection)
            .map_err(unreachable)?;
    let known = migrations::known_sqlite().map_err(unreachable)?;
    // Other programs keep their migrations in a table of this name, too.
    let is_ours = applied
        .iter()
        .any(|migration| known.contains(&migration.name) || migration.name == BEFORE_BASE);
    if !is_ours && tables.len() > 1 {
        return Err(OpenError::Foreign(path.to_owned()));
    }
    refuse_unknown(applied, &known)
}

fn refuse_unknown(applied: Vec<Name>, known: &BTreeSet<String>) -> Result<(), OpenError> {
    if applied
        .iter()
        .any(|migration| migration.name == BEFORE_BASE)
    {
        return Err(OpenError::BeforeBase(BEFORE_BASE.to_owned()));
    }
    let unknown = applied
        .into_iter()
        .find(|migration| !known.contains(&migration.name));
    match unknown {
        Some(migration) => Err(OpenError::Newer(migration.name)),
        None => Ok(()),
    }
}

/// Whether there was no file; then there is an empty one. SQLite gives its log the same permissions.
fn is_new(path: &str) -> Result<bool, OpenError> {
    if path.starts_with(':') || path.starts_with("file:") || Path::new(path).exists() {
        return Ok(false);
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(true),
        // Somebody else has made it at the same moment.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(OpenError::Unreachable(format!(
            "{path} can't be made: {error}"
        ))),
    }
}
