//! Making sure that what was committed without waiting for the disk is there.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Integer;

use super::{Backend, Conn, Database, DbError, OpenError, Session, Statement};

/// Makes sure of what others committed without waiting for the disk ([`Writes::send_if`](super::Writes::send_if),
/// [`Session::maintain`]).
pub struct Flusher {
    log: Log,
    connection: FlusherConnection,
}

/// Where it is written first, in order.
enum Log {
    Postgres(Session),
    Sqlite(LogFile),
}

/// The log file of SQLite. It may be flushed by whoever opens it, and opened and closed by anybody, since no lock of
/// SQLite's is on it.
struct LogFile {
    database: Database,
    path: String,
    /// Whether a flush failed: then something before what is written now may be missing on disk, whatever later flushes
    /// say.
    is_in_doubt: bool,
}

/// Says which connection a [`Flusher`] has. A database that crashed has ended it, and with it what was not on disk: so
/// only what was committed while it had the connection by which it flushes is on disk then. On SQLite it never changes.
#[derive(Debug, Clone)]
pub struct FlusherConnection(Arc<AtomicU64>);

impl FlusherConnection {
    pub fn number(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

impl Database {
    /// Who makes sure of what was committed without waiting for the disk; none where everybody has to wait for it.
    ///
    /// # Errors
    /// When no connection can be made.
    pub fn flusher(&self) -> Result<Option<Flusher>, OpenError> {
        let (log, connection) = match self.backend() {
            Backend::Postgres => {
                let session = self.session()?;
                let connection = Arc::clone(&session.made);
                (Log::Postgres(session), connection)
            }
            Backend::Sqlite => (Log::Sqlite(LogFile::of(self)), Arc::default()),
        };
        let mut flusher = Flusher {
            log,
            connection: FlusherConnection(connection),
        };
        Ok(match flusher.flush() {
            Ok(_) => Some(flusher),
            Err(error) => {
                tracing::warn!(%error, "every batch of the credit desk waits for the disk by itself");
                None
            }
        })
    }
}

impl Flusher {
    pub fn connection(&self) -> FlusherConnection {
        self.connection.clone()
    }

    /// Comes back when all that was committed before is on disk, by whomever: there is one log, so that on PostgreSQL it
    /// is enough to commit something after it, and to wait for that. Gives the number of the connection by which it did
    /// so ([`FlusherConnection`]).
    ///
    /// # Errors
    /// When the database fails. Then it is not known whether it is on disk.
    pub fn flush(&mut self) -> Result<u64, DbError> {
        match &mut self.log {
            // A message in the log that nobody reads: less than any row.
            Log::Postgres(session) => run(
                session,
                "SELECT pg_logical_emit_message(true, 'netterms', '')",
            ),
            Log::Sqlite(file) => file.flush().map(|()| self.connection.number()),
        }
    }

    /// Has a connection made where the one at hand was lost, while there is nothing to flush: what is committed before
    /// that can't be made sure of.
    pub fn stay_connected(&mut self) {
        if let Log::Postgres(session) = &mut self.log
            && let Err(error) = run(session, "SELECT 1")
        {
            tracing::info!(%error, "the credit desk lost the connection by which it makes sure of the disk");
        }
    }
}

/// Runs a statement, and gives the number of the connection that did.
fn run(session: &mut Session, statement: &'static str) -> Result<u64, DbError> {
    let connection = session.connection_number()?;
    session.read(|db| {
        if let Conn::Postgres(c) = db.conn() {
            Statement::<Pg>::new(statement).execute(&mut **c)?;
        }
        Ok(connection)
    })
}

/// How copying the log into the database went.
#[derive(QueryableByName)]
struct Copied {
    /// Whether somebody was in the way.
    #[diesel(sql_type = Integer)]
    busy: i32,
}

impl LogFile {
    fn of(database: &Database) -> LogFile {
        let path = database.file().unwrap_or_default();
        LogFile {
            path: format!("{path}-wal"),
            database: database.clone(),
            is_in_doubt: false,
        }
    }

    fn flush(&mut self) -> Result<(), DbError> {
        if self.is_in_doubt {
            self.copy()?;
            self.is_in_doubt = false;
        }
        let flushed = File::open(&self.path).and_then(|file| file.sync_data());
        flushed.map_err(|error| {
            self.is_in_doubt = true;
            DbError::Unavailable(format!("{}: {error}", self.path))
        })
    }

    /// Has SQLite copy the log into the database and begin a new one: then nothing depends on what the disk lost of it.
    fn copy(&self) -> Result<(), DbError> {
        let mut db = self.database.writer()?;
        let Conn::Sqlite(c) = db.conn() else {
            return Ok(());
        };
        let copied: Copied =
            diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result(&mut **c)?;
        if copied.busy == 0 {
            Ok(())
        } else {
            Err(DbError::Unavailable(
                "the log can't be copied into the database".to_owned(),
            ))
        }
    }
}
