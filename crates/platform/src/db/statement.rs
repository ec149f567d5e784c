//! Statements of fixed text, prepared once for each connection.
//!
//! Diesel prepares anew whatever it writes for each call: inserts of many rows, updates, `IN` lists. Where that costs
//! more than the work itself, as on the credit desk's way, a statement is written out here, with arrays on PostgreSQL
//! (one statement for any number of rows) and some rows at a time on SQLite.

use std::borrow::Cow;
use std::marker::PhantomData;

use diesel::backend::Backend;
use diesel::expression::{
    AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate,
};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{HasSqlType, Integer, Nullable, Text};
use diesel::sqlite::Sqlite;
use diesel::{QueryResult, RunQueryDsl};

use super::{Conn, DbError};

/// A statement whose arguments stand as `?` in its text; `ST` is what a query gives.
pub struct Statement<'a, DB: Backend, ST = ()> {
    sql: Cow<'static, str>,
    arguments: Vec<Box<dyn Argument<DB> + 'a>>,
    gives: PhantomData<fn() -> ST>,
}

impl<'a, DB: Backend, ST> Statement<'a, DB, ST> {
    pub fn new(sql: impl Into<Cow<'static, str>>) -> Self {
        Statement {
            sql: sql.into(),
            arguments: Vec::new(),
            gives: PhantomData,
        }
    }

    /// Gives the next argument, as the SQL type `T`.
    #[must_use]
    pub fn bind<T, U>(mut self, value: U) -> Self
    where
        T: 'a,
        U: ToSql<T, DB> + 'a,
        DB: HasSqlType<T>,
    {
        self.arguments.push(Box::new(Bound {
            value,
            as_type: PhantomData::<fn() -> T>,
        }));
        self
    }
}

/// One argument, whatever its type.
trait Argument<DB: Backend> {
    fn push<'b>(&'b self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()>;
}

struct Bound<T, U> {
    value: U,
    as_type: PhantomData<fn() -> T>,
}

impl<DB, T, U> Argument<DB> for Bound<T, U>
where
    DB: Backend + HasSqlType<T>,
    U: ToSql<T, DB>,
{
    fn push<'b>(&'b self, out: &mut AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_bind_param::<T, U>(&self.value)
    }
}

impl<DB: Backend, ST> QueryFragment<DB> for Statement<'_, DB, ST> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let mut pieces = self.sql.split('?');
        out.push_sql(pieces.next().unwrap_or_default());
        for (argument, piece) in self.arguments.iter().zip(pieces) {
            argument.push(&mut out)?;
            out.push_sql(piece);
        }
        Ok(())
    }
}

impl<DB: Backend, ST> QueryId for Statement<'_, DB, ST> {
    type QueryId = ();

    /// The text is the id: it is prepared once.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB: Backend, ST> Query for Statement<'_, DB, ST> {
    type SqlType = ST;
}

impl<DB: Backend, ST, C> RunQueryDsl<C> for Statement<'_, DB, ST> {}

/// A statement that is known by a type of its own, `I`, so that Diesel need not write out its text at every call to find
/// it among those that are prepared. There must be no other statement of this type.
pub struct Fixed<I, S> {
    statement: S,
    id: PhantomData<fn() -> I>,
}

impl<I, S> Fixed<I, S> {
    pub const fn new(statement: S) -> Self {
        Fixed {
            statement,
            id: PhantomData,
        }
    }
}

impl<DB: Backend, I, S: QueryFragment<DB>> QueryFragment<DB> for Fixed<I, S> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.statement.walk_ast(out)
    }
}

impl<I: 'static, S> QueryId for Fixed<I, S> {
    type QueryId = I;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<I, S: Query> Query for Fixed<I, S> {
    type SqlType = S::SqlType;
}

impl<I, S, C> RunQueryDsl<C> for Fixed<I, S> {}

/// Which version of a row was read: PostgreSQL's `xmin`. Whoever changes a row gives it another; SQLite has none.
pub type RowVersion = i32;

/// The mark of a table's rows, as a column to be selected: nought on SQLite.
#[derive(Debug, Clone, Copy)]
pub struct RowVersionOf(pub &'static str);

impl Expression for RowVersionOf {
    type SqlType = Integer;
}

impl<QS> SelectableExpression<QS> for RowVersionOf {}
impl<QS> AppearsOnTable<QS> for RowVersionOf {}

impl<G> ValidGrouping<G> for RowVersionOf {
    type IsAggregate = is_aggregate::No;
}

impl QueryId for RowVersionOf {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for RowVersionOf {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_identifier(self.0)?;
        out.push_sql(".xmin");
        Ok(())
    }
}

impl QueryFragment<Sqlite> for RowVersionOf {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("0");
        Ok(())
    }
}

/// When what was written is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Before the writer goes on.
    AtOnce,
    /// Soon: nobody may be told of it before a [`Flusher`](super::Flusher) made sure.
    Later,
}

/// Changes of rows that are sent together. On PostgreSQL they are one statement, whose parts all see the rows as they
/// were before it: one way to the database and back for any number of tables. On SQLite each is made at once.
#[must_use = "what is written is sent by `send`"]
pub struct Writes<'t, 'a> {
    conn: &'t mut Conn,
    /// Each with its name, where it has one.
    waiting: Vec<(Option<&'static str>, Statement<'a, Pg>)>,
}

impl<'t, 'a> Writes<'t, 'a> {
    pub(super) fn new(conn: &'t mut Conn) -> Self {
        Writes {
            conn,
            waiting: Vec::new(),
        }
    }

    /// The connection, for what SQLite is to do at once.
    pub fn conn(&mut self) -> &mut Conn {
        self.conn
    }

    /// Whether there is nothing to be sent.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Adds a statement for PostgreSQL that changes rows.
    pub fn push(&mut self, statement: Statement<'a, Pg>) {
        self.waiting.push((None, statement));
    }

    /// Adds a statement for PostgreSQL that changes rows and returns them under a name, for [`Writes::send_if`].
    pub fn push_named(&mut self, name: &'static str, statement: Statement<'a, Pg>) {
        self.waiting.push((Some(name), statement));
    }

    /// Sends what waits.
    ///
    /// # Errors
    /// When the database fails; then nothing of it was done.
    pub fn send(self) -> Result<(), DbError> {
        if let Conn::Postgres(c) = self.conn
            && let Some(together) = Statement::together(self.waiting)
        {
            together.execute(&mut **c)?;
        }
        Ok(())
    }

    /// Sends what waits, on PostgreSQL, when a condition holds, which is looked at together with it; gives the mark that
    /// every changed row has now.
    ///
    /// # Errors
    /// When the database fails, or the condition does. Then nothing of it was done.
    pub fn send_if(
        mut self,
        condition: Statement<'a, Pg>,
        durability: Durability,
    ) -> Result<RowVersion, DbError> {
        let Conn::Postgres(c) = self.conn else {
            return Err(DbError::Unavailable("this needs PostgreSQL".to_owned()));
        };
        // How the database itself is set up to commit stays as it is, where this one need not wait.
        let given = match durability {
            Durability::AtOnce => "SELECT pg_current_xact_id()::xid, NULL",
            Durability::Later => {
                "SELECT pg_current_xact_id()::xid, set_config('synchronous_commit', 'off', true)"
            }
        };
        // The main statement is run first, before rows are written in vain.
        let last = Statement {
            sql: format!("{given} WHERE {}", condition.sql).into(),
            ..condition
        };
        self.waiting.push((None, last));
        let together: Statement<Pg, (Integer, Nullable<Text>)> = Statement::together(self.waiting)
            .ok_or_else(|| DbError::Document("nothing is to be written".to_owned()))?
            .giving();
        let (mark, _): (RowVersion, Option<String>) = together.get_result(&mut **c)?;
        Ok(mark)
    }
}

impl<'a> Statement<'a, Pg> {
    /// One statement that does what all of these do, and gives what the last one gives.
    fn together(mut statements: Vec<(Option<&str>, Self)>) -> Option<Self> {
        let (_, mut last) = statements.pop()?;
        if statements.is_empty() {
            return Some(last);
        }
        let mut parts = Vec::new();
        let mut arguments = Vec::new();
        for (at, (name, statement)) in statements.into_iter().enumerate() {
            let name = name.map_or_else(|| format!("part_{at}"), str::to_owned);
            parts.push(format!("{name} AS ({})", statement.sql));
            arguments.extend(statement.arguments);
        }
        arguments.append(&mut last.arguments);
        Some(Statement {
            sql: Cow::Owned(format!("WITH {} {}", parts.join(", "), last.sql)),
            arguments,
            gives: PhantomData,
        })
    }

    fn giving<ST>(self) -> Statement<'a, Pg, ST> {
        Statement {
            sql: self.sql,
            arguments: self.arguments,
            gives: PhantomData,
        }
    }
}

/// Inserts rows by [`Writes`], with a statement that is prepared once: each column with its SQL type and its value of a
/// row.
#[doc(hidden)]
#[macro_export]
macro_rules! __insert_rows {
    ($writes:expr, $table:literal, $rows:expr, |$row:ident| {
        $first:ident: $first_type:ty = $first_value:expr,
        $($column:ident: $type:ty = $value:expr,)*
    }) => {{
        use diesel::RunQueryDsl as _;
        use $crate::db::{Conn, Fixed, Statement};
        let rows = $rows;
        match $writes.conn() {
            _ if rows.is_empty() => {}
            Conn::Postgres(_) => {
                let statement = concat!(
                    "INSERT INTO ", $table, " (", stringify!($first), $(", ", stringify!($column),)*
                    ") SELECT UNNEST(?)", $($crate::db::statement::unnested!($column),)*
                );
                let statement = Statement::<diesel::pg::Pg>::new(statement)
                    .bind::<diesel::sql_types::Array<$first_type>, _>(
                        rows.iter().map(|$row| $first_value).collect::<Vec<_>>(),
                    )
                    $(.bind::<diesel::sql_types::Array<$type>, _>(
                        rows.iter().map(|$row| $value).collect::<Vec<_>>(),
                    ))*;
                $writes.push(statement);
            }
            Conn::Sqlite(c) => {
                use $crate::db::statement::{ROWS_AT_ONCE, placeholder};
                struct Many;
                struct One;
                // A row that can't be has the whole unit of work undone, so that the statement need not be able to undo
                // itself.
                const INSERT: &str = concat!(
                    "INSERT OR FAIL INTO ", $table, " (", stringify!($first), $(", ", stringify!($column),)*
                    ") VALUES (?", $(placeholder!($column),)* ")"
                );
                const ROW: &str = concat!(", (?", $(placeholder!($column),)* ")");
                static INSERT_MANY: std::sync::LazyLock<String> =
                    std::sync::LazyLock::new(|| INSERT.to_owned() + &ROW.repeat(ROWS_AT_ONCE - 1));
                let chunks = rows.chunks_exact(ROWS_AT_ONCE);
                let ones = chunks.remainder().chunks(1);
                for chunk in chunks.chain(ones) {
                    let is_one = chunk.len() == 1;
                    let text: &'static str = if is_one { INSERT } else { &INSERT_MANY };
                    let mut statement = Statement::<diesel::sqlite::Sqlite>::new(text);
                    for $row in chunk {
                        statement = statement.bind::<$first_type, _>($first_value)
                            $(.bind::<$type, _>($value))*;
                    }
                    if is_one {
                        Fixed::<One, _>::new(statement).execute(&mut **c)?;
                    } else {
                        Fixed::<Many, _>::new(statement).execute(&mut **c)?;
                    }
                }
            }
        }
    }};
}
pub use __insert_rows as insert_rows;

/// How many rows SQLite is given in one statement, where there are as many; more than one.
pub const ROWS_AT_ONCE: usize = 8;

/// One more array, in step with the others: in the list of columns PostgreSQL takes them row by row, while in `FROM` it
/// would write each down first.
#[doc(hidden)]
#[macro_export]
macro_rules! __unnested {
    ($column:ident) => {
        ", UNNEST(?)"
    };
}
pub use __unnested as unnested;

/// The place of one more argument.
#[doc(hidden)]
#[macro_export]
macro_rules! __placeholder {
    ($column:ident) => {
        ", ?"
    };
}
pub use __placeholder as placeholder;
