//! Copying SQLite's log into the file while others write.

use std::convert::Infallible;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use diesel::prelude::*;
use diesel::r2d2::CustomizeConnection as _;
use diesel::sql_types::Integer;
use diesel::sqlite::SqliteConnection;

use super::open::{SqliteSession, unreachable};
use super::{Database, DbError, OpenError};

/// How often the thread looks.
const EVERY: Duration = Duration::from_millis(50);

/// How many pages of the log may wait to be copied: 32 MiB.
pub const WAITING_PAGES: i32 = 8192;

/// Copies SQLite's log into the file by and by. Otherwise whoever commits has to, and everybody waits meanwhile; and the
/// longer the log, the longer it takes to find a page in it.
pub struct Copier {
    connection: SqliteConnection,
}

/// The thread that copies; stopped and waited for when it is dropped, and then the file is whole without its log.
pub struct Copying {
    running: Option<(Sender<Infallible>, JoinHandle<()>)>,
}

/// How many pages there are in the log, and how many of them are in the file.
#[derive(QueryableByName)]
struct Log {
    #[diesel(sql_type = Integer)]
    log: i32,
    #[diesel(sql_type = Integer)]
    checkpointed: i32,
}

impl Database {
    /// Has a thread copy the log into the file. On PostgreSQL there is nothing to do.
    ///
    /// # Errors
    /// When no connection can be made, or no thread.
    pub fn copy_log_by_and_by(&self) -> Result<Copying, OpenError> {
        let running = match self.copier()? {
            Some(copier) => {
                let (stop, stopped) = channel();
                let thread = std::thread::Builder::new()
                    .name("log-copier".to_owned())
                    .spawn(move || copier.work(&stopped))
                    .map_err(unreachable)?;
                Some((stop, thread))
            }
            None => None,
        };
        Ok(Copying { running })
    }

    /// Who copies the log into the file, with a connection of its own; none on PostgreSQL.
    ///
    /// # Errors
    /// When no connection can be made.
    pub fn copier(&self) -> Result<Option<Copier>, OpenError> {
        let Some(path) = self.file() else {
            return Ok(None);
        };
        let mut connection = SqliteConnection::establish(path).map_err(unreachable)?;
        SqliteSession
            .on_acquire(&mut connection)
            .map_err(unreachable)?;
        Ok(Some(Copier { connection }))
    }
}

impl Drop for Copying {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.running.take() {
            drop(stop);
            if thread.join().is_err() {
                tracing::error!("the thread that copies the log panicked");
            }
        }
    }
}

impl Copier {
    fn work(mut self, stopped: &Receiver<Infallible>) {
        while stopped.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
            if let Err(error) = self.look() {
                tracing::warn!(%error, "the log could not be copied into the file; next time");
            }
        }
        if let Err(error) = self.ask("PRAGMA wal_checkpoint(TRUNCATE)") {
            tracing::warn!(%error, "the log is left beside the file");
        }
    }

    /// Copies what is in the log, when it is enough, as far as nobody reads the file as it was before.
    ///
    /// # Errors
    /// When the database fails.
    pub fn look(&mut self) -> Result<(), DbError> {
        if self.waiting()? >= WAITING_PAGES {
            self.ask("PRAGMA wal_checkpoint(PASSIVE)")?;
        }
        Ok(())
    }

    /// How many pages of the log are not in the file yet.
    ///
    /// # Errors
    /// When the database fails.
    pub fn waiting(&mut self) -> Result<i32, DbError> {
        let log = self.ask("PRAGMA wal_checkpoint(NOOP)")?;
        Ok(log.log - log.checkpointed)
    }

    fn ask(&mut self, statement: &str) -> Result<Log, DbError> {
        Ok(diesel::sql_query(statement).get_result(&mut self.connection)?)
    }
}
