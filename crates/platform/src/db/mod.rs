//! The only place with two databases.
//!
//! [`Database`] is the handle that netterms passes around. It has two ways in: [`Database::reader`] gives a [`Db`],
//! [`Database::write`] a [`Tx`]: a transaction together with who acts and the one instant that all its rows share.
//! Queries are written once, inside `on_backend!`, and run on PostgreSQL and SQLite alike.

mod copier;
mod error;
mod faults;
mod flusher;
pub mod migrations;
mod open;
mod reactions;
mod recognition;
pub mod rows;
pub mod schema;
mod session;
mod standby;
pub mod statement;
mod tx;

use chrono::NaiveDate;
use diesel::connection::{AnsiTransactionManager, TransactionManager as _};
use diesel::pg::PgConnection;
use diesel::r2d2::{ConnectionManager, PooledConnection};
use diesel::sqlite::SqliteConnection;

use kernel::caller::Caller;
use kernel::clock::Clock;

pub use copier::{Copier, Copying, WAITING_PAGES};
pub use error::DbError;
pub use faults::fault;
pub use flusher::{Flusher, FlusherConnection};
pub use open::{Backend, Database, DatabaseConfig, OpenError, Retryable};
pub use reactions::Reaction;
use reactions::Reactions;
pub use session::Session;
pub use statement::insert_rows;
pub use statement::{Durability, Fixed, RowVersion, RowVersionOf, Statement, Writes};
pub use tx::{AtOnce, Change, Entries, Tx};

/// Expands one Diesel expression for whichever database is behind `$db`; written like a call, so that rustfmt
/// formats its body.
#[doc(hidden)]
#[macro_export]
macro_rules! __on_backend {
    ($db:expr, |$c:ident| $body:expr) => {
        match $db.conn() {
            $crate::db::Conn::Postgres(pooled) => {
                let $c: &mut diesel::pg::PgConnection = &mut *pooled;
                $body
            }
            $crate::db::Conn::Sqlite(pooled) => {
                let $c: &mut diesel::sqlite::SqliteConnection = &mut *pooled;
                $body
            }
        }
    };
}
pub use __on_backend as on_backend;

/// Loads one page of a list: `seek!(c, query, page, Row, desc(table::key, table::id))`, or `asc(table::id)` where the
/// id itself is the order.
///
/// The columns are named like the row's fields (`Row.part` where the fields are a part's), so the key is said once: it
/// orders the list, says where the page begins, and makes the cursor of the next one. `page` is a
/// [`crate::platform::http::page::PageRequest`], the query must be boxed, and the value is the page or its problem.
#[doc(hidden)]
#[macro_export]
macro_rules! __seek {
    ($c:ident, $query:ident, $page:expr, $row:ident $(.$part:ident)?, asc($($column:tt)+)) => {
        $crate::db::seek!(@ $c, $query, $page, $row $(.$part)?, gt, asc, $($column)+)
    };
    ($c:ident, $query:ident, $page:expr, $row:ident $(.$part:ident)?, desc($($column:tt)+)) => {
        $crate::db::seek!(@ $c, $query, $page, $row $(.$part)?, lt, desc, $($column)+)
    };
    (@ $c:ident, $query:ident, $page:expr, $row:ident $(.$part:ident)?, $beyond:ident, $order:ident,
        $table:ident::$id:ident) => {
        $page.read(
            |row: &$row| (&row$(.$part)?.$id, &row$(.$part)?.$id),
            |after, limit| {
                if let Some((_, id)) = after {
                    $query = $query.filter($table::$id.$beyond(id));
                }
                $query
                    .order($table::$id.$order())
                    .limit(limit)
                    .load::<$row>($c)
            },
        )
    };
    (@ $c:ident, $query:ident, $page:expr, $row:ident $(.$part:ident)?, $beyond:ident, $order:ident,
        $table:ident::$key:ident, $of:ident::$id:ident) => {
        $page.read(
            |row: &$row| (&row$(.$part)?.$key, &row$(.$part)?.$id),
            |after, limit| {
                if let Some((key, id)) = after {
                    $query = $query.filter(
                        $table::$key
                            .$beyond(key.clone())
                            .or($table::$key.eq(key).and($of::$id.$beyond(id))),
                    );
                }
                $query
                    .order(($table::$key.$order(), $of::$id.$order()))
                    .limit(limit)
                    .load::<$row>($c)
            },
        )
    };
}
pub use __seek as seek;

/// The sum of a money column as a `BIGINT`, zero when there is no row. Diesel's own `sum` was seen to be wrong on
/// SQLite and fails on PostgreSQL, where a sum of `BIGINT` is `NUMERIC`.
#[doc(hidden)]
#[macro_export]
macro_rules! __sum_minor {
    ($sql:expr) => {
        diesel::dsl::sql::<diesel::sql_types::BigInt>(concat!(
            "CAST(COALESCE(SUM(",
            $sql,
            "), 0) AS BIGINT)"
        ))
    };
}
pub use __sum_minor as sum_minor;

type Pooled<C> = PooledConnection<ConnectionManager<C>>;

/// One open connection. Not a Diesel `Connection` itself, so nobody can begin a transaction past the two ways in.
pub enum Conn {
    Postgres(Pooled<PgConnection>),
    Sqlite(Pooled<SqliteConnection>),
}

/// A connection to read with.
pub struct Db {
    conn: Conn,
    clock: Clock,
    reactions: Reactions,
}

impl Db {
    /// The connection, for `on_backend!` alone.
    pub fn conn(&mut self) -> &mut Conn {
        &mut self.conn
    }

    pub const fn backend(&self) -> Backend {
        match self.conn {
            Conn::Postgres(_) => Backend::Postgres,
            Conn::Sqlite(_) => Backend::Sqlite,
        }
    }

    /// The instant it is now; a [`Tx`] has one of its own that stays the same.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The organisation's business day.
    pub fn today(&self) -> NaiveDate {
        self.clock.today()
    }

    fn begin(&mut self) -> Result<(), DbError> {
        match &mut self.conn {
            Conn::Postgres(c) => AnsiTransactionManager::begin_transaction_sql(&mut **c, "BEGIN")?,
            // SQLite takes the write lock at once: a lock taken later, in the middle, fails instead of waiting.
            Conn::Sqlite(c) => {
                AnsiTransactionManager::begin_transaction_sql(&mut **c, "BEGIN IMMEDIATE")?;
            }
        }
        Ok(())
    }

    /// Runs `work` in a transaction that sees one state of the database and is undone at its end.
    fn snapshot<T, E: From<DbError>>(
        &mut self,
        work: impl FnOnce(&mut Db) -> Result<T, E>,
    ) -> Result<T, E> {
        match &mut self.conn {
            Conn::Postgres(c) => AnsiTransactionManager::begin_transaction_sql(
                &mut **c,
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            ),
            Conn::Sqlite(c) => AnsiTransactionManager::begin_transaction_sql(&mut **c, "BEGIN"),
        }
        .map_err(DbError::from)?;
        let outcome = work(self);
        self.rollback()?;
        outcome
    }

    fn begin_savepoint(&mut self) -> Result<(), DbError> {
        on_backend!(self, |c| AnsiTransactionManager::begin_transaction(c))?;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), DbError> {
        on_backend!(self, |c| AnsiTransactionManager::commit_transaction(c))?;
        Ok(())
    }

    fn rollback(&mut self) -> Result<(), DbError> {
        on_backend!(self, |c| AnsiTransactionManager::rollback_transaction(c))?;
        Ok(())
    }

    /// Runs `work` in the transaction that was begun: committed when it gives `Ok`, rolled back when it gives `Err`.
    fn finish<T, E: From<DbError>>(
        &mut self,
        caller: &Caller,
        work: impl FnOnce(&mut Tx) -> Result<T, E>,
    ) -> Result<T, E> {
        let now = self.clock.now();
        let mut tx = Tx::new(self, caller, now);
        let outcome = fault("unit_begun")
            .map_err(E::from)
            .and_then(|()| work(&mut tx));
        let outcome = outcome.and_then(|value| {
            tx.react()?;
            fault("unit_before_commit")?;
            Ok(value)
        });
        match outcome {
            Ok(value) => {
                self.commit()?;
                fault("unit_after_commit")?;
                Ok(value)
            }
            Err(error) => {
                self.rollback()?;
                Err(error)
            }
        }
    }
}

/// Reads a document that netterms itself stored as JSON.
///
/// # Errors
/// When the text is no such document, which says that the row was changed by other hands.
pub fn read_document<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, DbError> {
    serde_json::from_str(text).map_err(|error| DbError::Document(error.to_string()))
}

/// Writes a document to be stored as JSON, and reads it: one that could not be read is refused while it is written, with
/// the unit of work that it belongs to, and not for ever afterwards.
///
/// # Errors
/// When the value has no JSON form, or one that is not read back.
pub fn write_document<T>(value: &T) -> Result<String, DbError>
where
    T: serde::Serialize + serde::de::DeserializeOwned,
{
    let text = write_json(value)?;
    read_document::<T>(&text)?;
    Ok(text)
}

/// [`write_document`] for the limit check, where every microsecond counts: it reads back in builds for tests alone.
///
/// # Errors
/// When the value has no JSON form.
pub fn write_hot_document<T>(value: &T) -> Result<String, DbError>
where
    T: serde::Serialize + serde::de::DeserializeOwned,
{
    if cfg!(debug_assertions) {
        write_document(value)
    } else {
        write_json(value)
    }
}

/// Room for most documents, so that it need not be made bit by bit while one is written, nor wasted on many.
const DOCUMENT_BYTES: usize = 512;

/// Writes JSON that no type of ours needs to read again, such as the trail's.
///
/// # Errors
/// When the value has no JSON form.
pub fn write_json<T: serde::Serialize>(value: &T) -> Result<String, DbError> {
    let mut text = Vec::with_capacity(DOCUMENT_BYTES);
    serde_json::to_writer(&mut text, value)
        .map_err(|error| DbError::Document(error.to_string()))?;
    String::from_utf8(text).map_err(|error| DbError::Document(error.to_string()))
}
