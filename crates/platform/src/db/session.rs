//! A connection of one's own, for whoever goes to the database thousands of times a second.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use diesel::connection::SimpleConnection as _;
use diesel::pg::PgConnection;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool};

use super::open::{Pools, PostgresSession, run_again, unreachable};
use super::tx::AtOnce;
use super::{Backend, Database, Db, DbError, Durability, OpenError, Retryable, Tx, fault};
use kernel::caller::Caller;

impl Database {
    /// A session for whoever looks up rows by their keys, thousands of times a second. On PostgreSQL it has a
    /// connection of its own, where every plan is made once and goes by index, however small a table was then.
    ///
    /// # Errors
    /// When no connection can be made.
    pub fn session(&self) -> Result<Session, OpenError> {
        let made = Arc::new(AtomicU64::new(0));
        let database = match &*self.pools {
            Pools::Sqlite { .. } => self.clone(),
            Pools::Postgres { .. } => {
                let pool = self.one_by_key(&made)?;
                Database {
                    pools: Arc::new(Pools::Postgres {
                        writers: pool.clone(),
                        readers: pool,
                    }),
                    ..self.clone()
                }
            }
        };
        Ok(Session {
            database,
            held: None,
            made,
        })
    }

    fn one_by_key(
        &self,
        made: &Arc<AtomicU64>,
    ) -> Result<Pool<ConnectionManager<PgConnection>>, OpenError> {
        Pool::builder()
            .max_size(1)
            .connection_timeout(self.config.checkout_timeout)
            .connection_customizer(Box::new(PostgresByKey(Arc::clone(made))))
            .build(ConnectionManager::new(&self.config.url))
            .map_err(unreachable)
    }
}

/// Units of work one after the other, as [`Database::maintain`] runs them. On PostgreSQL the connection is kept between
/// them, and looked after only when it fails.
pub struct Session {
    database: Database,
    held: Option<Db>,
    /// How many connections were made for it.
    pub(super) made: Arc<AtomicU64>,
}

impl Session {
    /// Runs `work` in a transaction for `caller`, as [`Database::maintain`] does. On SQLite it may be committed without
    /// waiting for the disk; on PostgreSQL a transaction always waits.
    ///
    /// # Errors
    /// Those of `work`, and of the database.
    pub fn maintain<T, E: From<DbError> + Retryable>(
        &mut self,
        caller: &Caller,
        durability: Durability,
        work: impl FnMut(&mut Tx) -> Result<T, E>,
    ) -> Result<T, E> {
        let begin = || self.begin(durability);
        let (value, db) = run_again(begin, caller, work)?;
        self.keep(db);
        Ok(value)
    }

    /// Reads, on PostgreSQL with the connection that is kept.
    ///
    /// # Errors
    /// Those of `work`, and of the database.
    pub fn read<T>(
        &mut self,
        work: impl FnOnce(&mut Db) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        let mut db = self.connection()?;
        let value = work(&mut db)?;
        self.keep(db);
        Ok(value)
    }

    /// Runs `work`, which writes in one statement, without a transaction around it. On PostgreSQL alone.
    ///
    /// # Errors
    /// Those of `work`, and of the database. When nothing was sent before the connection was lost, it is said to have
    /// met another unit of work: it may be done anew.
    pub fn at_once<T>(
        &mut self,
        work: impl FnOnce(&mut AtOnce) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        let mut db = self.connection()?;
        let now = db.clock().now();
        let mut unit = AtOnce::new(&mut db, now);
        let outcome = fault("unit_begun").and_then(|()| work(&mut unit));
        let is_sending = unit.is_sending();
        match outcome {
            Ok(value) => {
                fault("unit_after_commit")?;
                self.keep(db);
                Ok(value)
            }
            Err(DbError::Unavailable(reason)) if !is_sending => Err(DbError::Serialization(reason)),
            Err(error) => Err(error),
        }
    }

    /// [`Session::at_once`] in a transaction, so that what `work` locks stays locked until it has written. On PostgreSQL
    /// alone.
    ///
    /// # Errors
    /// As [`Session::at_once`].
    pub fn at_once_in_transaction<T>(
        &mut self,
        work: impl FnOnce(&mut AtOnce) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        let mut db = self.connection()?;
        let met = |error| match error {
            DbError::Unavailable(reason) => DbError::Serialization(reason),
            error => error,
        };
        db.begin().map_err(met)?;
        let now = db.clock().now();
        let mut unit = AtOnce::new(&mut db, now);
        let outcome = fault("unit_begun").and_then(|()| work(&mut unit));
        let is_sending = unit.is_sending();
        match outcome {
            Ok(value) => {
                db.commit()?;
                fault("unit_after_commit")?;
                self.keep(db);
                Ok(value)
            }
            Err(error) => {
                // Whatever comes of it, the connection is given back, and one that was lost is thrown away.
                if let Err(undoing) = db.rollback() {
                    tracing::info!(error = %undoing, "a unit of work could not be undone by its connection");
                }
                Err(if is_sending { error } else { met(error) })
            }
        }
    }

    /// Which connection it is that this session has now: when it was lost, another number. On PostgreSQL alone.
    ///
    /// # Errors
    /// When there is none to be had.
    pub fn connection_number(&mut self) -> Result<u64, DbError> {
        let db = self.connection()?;
        self.keep(db);
        Ok(self.made.load(Ordering::SeqCst))
    }

    fn connection(&mut self) -> Result<Db, DbError> {
        self.held.take().map_or_else(|| self.database.writer(), Ok)
    }

    fn keep(&mut self, db: Db) {
        // SQLite has one writer, for whom others wait.
        if db.backend() == Backend::Postgres {
            self.held = Some(db);
        }
    }

    /// A connection in a transaction: the one that was kept, unless it was lost meanwhile.
    fn begin(&mut self, durability: Durability) -> Result<Db, DbError> {
        if let Some(mut held) = self.held.take()
            && held.begin().is_ok()
        {
            return Ok(held);
        }
        self.database.begin(durability)
    }
}

/// Plans by index, and counts the connections.
#[derive(Debug)]
struct PostgresByKey(Arc<AtomicU64>);

impl CustomizeConnection<PgConnection, diesel::r2d2::Error> for PostgresByKey {
    fn on_acquire(&self, connection: &mut PgConnection) -> Result<(), diesel::r2d2::Error> {
        self.0.fetch_add(1, Ordering::SeqCst);
        PostgresSession.on_acquire(connection)?;
        connection
            .batch_execute(
                // Whoever looks up rows for many has no time to wait for one of them.
                "SET lock_timeout = '500ms'; SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; \
                 SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;",
            )
            .map_err(diesel::r2d2::Error::QueryError)
    }
}
