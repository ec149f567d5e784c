//! Opening a database, and the pools behind its two ways in.

use std::sync::Arc;
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::pg::PgConnection;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool};
use diesel::sqlite::SqliteConnection;

use super::{Conn, Db, DbError, Durability, Reaction, Reactions, Tx, recognition};
use kernel::caller::Caller;
use kernel::clock::Clock;

/// How often a unit of work that goes on meeting others is run. Whoever it met went on, so that it is not for nothing.
const ATTEMPTS: usize = 10;

/// Which database is behind the handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Postgres,
    Sqlite,
}

/// Where the database is and how many connections are held to it.
#[derive(Debug, Clone)]
pub struct DatabaseConfig {
    /// `sqlite://<path>` or `postgres://…`.
    pub url: String,
    /// Connections to read with, and as many to write with (PostgreSQL), or readers beside the one writer (SQLite).
    pub pool_size: u32,
    /// How long a request waits for a connection before it is told to come back.
    pub checkout_timeout: Duration,
}

impl DatabaseConfig {
    /// The path of the database, where it is a file.
    fn file(&self) -> Option<&str> {
        self.url.strip_prefix("sqlite://")
    }
}

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the database URL must begin with sqlite:// or postgres://, not {0:?}")]
    UnknownScheme(String),
    #[error("the database can't be opened: {0}")]
    Unreachable(String),
    #[error(
        "{0} holds the tables of another program; nothing was changed. Name another file in NETTERMS_DATABASE_URL"
    )]
    Foreign(String),
    #[error(
        "the database has the migration {0}, which this version of netterms does not know: a newer one has run on it. Start that version, or restore a backup from before"
    )]
    Newer(String),
    #[error(
        "the database has the migration {0}, of a netterms from before the base of its schema: this version can't read it and has no way to it. Nothing was changed. Name an empty database in NETTERMS_DATABASE_URL and begin the book anew (docs/operations.md)"
    )]
    BeforeBase(String),
}

/// The handle to the database: cheap to clone, shared by everything that reads or writes.
#[derive(Clone)]
pub struct Database {
    pub(super) pools: Arc<Pools>,
    pub(super) clock: Clock,
    pub(super) config: Arc<DatabaseConfig>,
    pub(super) reactions: Reactions,
}

pub(super) enum Pools {
    Postgres {
        /// Whoever writes may have to wait for others; whoever reads never has to wait for them.
        writers: Pool<ConnectionManager<PgConnection>>,
        readers: Pool<ConnectionManager<PgConnection>>,
    },
    Sqlite {
        /// The one connection that writes.
        writer: Pool<ConnectionManager<SqliteConnection>>,
        readers: Pool<ConnectionManager<SqliteConnection>>,
    },
}

impl Database {
    /// Opens by URL scheme. An unknown scheme is an error: a mistyped `postgre://` must not create a file. So is a
    /// schema that this version does not know; nothing was written then.
    ///
    /// # Errors
    /// When the scheme is unknown, no connection can be made, or the database is another program's or a newer version's.
    pub fn open(config: &DatabaseConfig, clock: Clock) -> Result<Database, OpenError> {
        let pools = match config.url.split_once("://") {
            Some(("postgres" | "postgresql", _)) => {
                let pool = || {
                    Pool::builder()
                        .max_size(config.pool_size)
                        .min_idle(Some(1))
                        .connection_timeout(config.checkout_timeout)
                        .connection_customizer(Box::new(PostgresSession))
                        .build(ConnectionManager::new(&config.url))
                        .map_err(unreachable)
                };
                let (writers, readers): (Pool<ConnectionManager<PgConnection>>, _) =
                    (pool()?, pool()?);
                recognition::recognise_postgres(&mut *writers.get().map_err(unreachable)?)?;
                Pools::Postgres { writers, readers }
            }
            Some(("sqlite", path)) if !path.is_empty() => {
                let pool = |size: u32| {
                    Pool::builder()
                        .max_size(size)
                        .min_idle(Some(1))
                        .test_on_check_out(false)
                        .connection_timeout(config.checkout_timeout)
                        .connection_customizer(Box::new(SqliteSession))
                        .build(ConnectionManager::new(path))
                        .map_err(unreachable)
                };
                recognition::recognise_sqlite(path)?;
                use_write_ahead_log(path)?;
                Pools::Sqlite {
                    writer: pool(1)?,
                    readers: pool(config.pool_size)?,
                }
            }
            _ => {
                let scheme = config.url.split(':').next().unwrap_or_default();
                return Err(OpenError::UnknownScheme(scheme.to_owned()));
            }
        };
        Ok(Database {
            pools: Arc::new(pools),
            clock,
            config: Arc::new(config.clone()),
            reactions: Reactions::default(),
        })
    }

    /// [`Database::open`] for whoever has nothing to do with a new one: a SQLite file that is not there is not made.
    ///
    /// # Errors
    /// Those of [`Database::open`], and when there is no file.
    pub fn open_existing(config: &DatabaseConfig, clock: Clock) -> Result<Database, OpenError> {
        if let Some(path) = config.file()
            && !std::path::Path::new(path).exists()
        {
            return Err(OpenError::Unreachable(format!("there is no file {path}")));
        }
        Database::open(config, clock)
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Says what is done before a unit of work commits, whichever handle it is begun with.
    pub fn react_with(&self, reactions: &'static [Reaction]) {
        self.reactions.register(reactions);
    }

    /// The path of the database, where it is a file.
    pub fn file(&self) -> Option<&str> {
        self.config.file()
    }

    pub fn backend(&self) -> Backend {
        match *self.pools {
            Pools::Postgres { .. } => Backend::Postgres,
            Pools::Sqlite { .. } => Backend::Sqlite,
        }
    }

    /// A connection to read with.
    ///
    /// # Errors
    /// When none is free within the configured time.
    pub fn reader(&self) -> Result<Db, DbError> {
        let conn = match &*self.pools {
            Pools::Postgres { readers, .. } => Conn::Postgres(readers.get().map_err(busy)?),
            Pools::Sqlite { readers, .. } => Conn::Sqlite(readers.get().map_err(busy)?),
        };
        Ok(Db {
            conn,
            clock: self.clock.clone(),
            reactions: self.reactions.clone(),
        })
    }

    pub(super) fn writer(&self) -> Result<Db, DbError> {
        self.writer_with(Durability::AtOnce)
    }

    /// A connection to write with. On SQLite its commits wait for the disk, or don't; on PostgreSQL they do.
    fn writer_with(&self, durability: Durability) -> Result<Db, DbError> {
        let conn = match &*self.pools {
            Pools::Postgres { writers, .. } => Conn::Postgres(writers.get().map_err(busy)?),
            Pools::Sqlite { writer, .. } => {
                let mut conn = writer.get().map_err(busy)?;
                // The one writer is everybody's, so each says what it needs.
                conn.batch_execute(match durability {
                    Durability::AtOnce => "PRAGMA synchronous = FULL",
                    Durability::Later => "PRAGMA synchronous = NORMAL",
                })?;
                Conn::Sqlite(conn)
            }
        };
        Ok(Db {
            conn,
            clock: self.clock.clone(),
            reactions: self.reactions.clone(),
        })
    }

    /// A connection to write with, in a transaction.
    pub(super) fn begin(&self, durability: Durability) -> Result<Db, DbError> {
        let mut db = self.writer_with(durability)?;
        db.begin()?;
        Ok(db)
    }

    /// Runs `work` on one state of the database, whatever others commit meanwhile, and changes nothing.
    ///
    /// # Errors
    /// Those of `work`, and of the database.
    pub fn snapshot<T, E: From<DbError>>(
        &self,
        work: impl FnOnce(&mut Db) -> Result<T, E>,
    ) -> Result<T, E> {
        self.reader()?.snapshot(work)
    }

    /// Applies pending migrations, and says which.
    ///
    /// # Errors
    /// When one fails.
    pub fn migrate(&self) -> Result<Vec<String>, DbError> {
        super::migrations::run(&mut self.writer()?)
    }

    /// Undoes every migration, to prove that the way back exists.
    ///
    /// # Errors
    /// When one fails.
    pub fn revert_all_migrations(&self) -> Result<(), DbError> {
        super::migrations::revert_all(&mut self.writer()?)
    }

    /// Runs `work` in a transaction for `caller`; it is run again, ten times at most, when it met another unit of
    /// work. It must therefore have no effect outside the database.
    ///
    /// # Errors
    /// Those of `work`, and of the database.
    pub fn write<T, E: From<DbError> + Retryable>(
        &self,
        caller: &Caller,
        mut work: impl FnMut(&mut Tx) -> Result<T, E>,
    ) -> Result<T, E> {
        self.maintain(caller, |tx| tx.recording(&mut work))
    }

    /// Like [`Database::write`], for housekeeping that the trail need not know: leases, progress, stored answers.
    ///
    /// # Errors
    /// Those of `work`, and of the database.
    pub fn maintain<T, E: From<DbError> + Retryable>(
        &self,
        caller: &Caller,
        work: impl FnMut(&mut Tx) -> Result<T, E>,
    ) -> Result<T, E> {
        let (value, _) = run_again(|| self.begin(Durability::AtOnce), caller, work)?;
        Ok(value)
    }
}

/// Runs `work` in transactions that `begin` gives until it ends otherwise than by meeting another unit of work, ten
/// times at most; gives its connection as well. One on which it failed goes back, to be looked after.
pub(super) fn run_again<T, E: From<DbError> + Retryable>(
    mut begin: impl FnMut() -> Result<Db, DbError>,
    caller: &Caller,
    mut work: impl FnMut(&mut Tx) -> Result<T, E>,
) -> Result<(T, Db), E> {
    let mut attempt = 1;
    loop {
        let mut db = begin()?;
        match db.finish(caller, &mut work) {
            Ok(value) => return Ok((value, db)),
            Err(error) if error.is_retryable() && attempt < ATTEMPTS => attempt += 1,
            Err(error) => return Err(error),
        }
    }
}

/// Tells whether running the same unit of work again may help.
pub trait Retryable {
    fn is_retryable(&self) -> bool;
}

impl Retryable for DbError {
    fn is_retryable(&self) -> bool {
        matches!(self, DbError::Serialization(_))
    }
}

pub(super) fn unreachable(error: impl std::fmt::Display) -> OpenError {
    OpenError::Unreachable(error.to_string())
}

fn busy(error: impl std::fmt::Display) -> DbError {
    DbError::Unavailable(error.to_string())
}

/// Write-ahead logging is a property of the file: set once, before any pool, or every connection would fight for it.
fn use_write_ahead_log(path: &str) -> Result<(), OpenError> {
    use diesel::Connection as _;
    SqliteConnection::establish(path)
        .map_err(unreachable)?
        .batch_execute("PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL;")
        .map_err(unreachable)
}

#[derive(Debug)]
pub(super) struct SqliteSession;

impl CustomizeConnection<SqliteConnection, diesel::r2d2::Error> for SqliteSession {
    fn on_acquire(&self, connection: &mut SqliteConnection) -> Result<(), diesel::r2d2::Error> {
        connection
            .batch_execute(
                // Whoever commits copies the log into the file when there are 128 MiB of it; a server has a thread that
                // does so before (`copier`).
                "PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; \
                 PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY; \
                 PRAGMA wal_autocheckpoint = 32768;",
            )
            .map_err(diesel::r2d2::Error::QueryError)
    }
}

#[derive(Debug)]
pub(super) struct PostgresSession;

impl CustomizeConnection<PgConnection, diesel::r2d2::Error> for PostgresSession {
    fn on_acquire(&self, connection: &mut PgConnection) -> Result<(), diesel::r2d2::Error> {
        connection
            .batch_execute(
                "SET application_name = 'netterms'; SET TIME ZONE 'UTC'; SET lock_timeout = '10s'; SET jit = off; \
                 SET idle_in_transaction_session_timeout = '60s';",
            )
            .map_err(diesel::r2d2::Error::QueryError)
    }
}
