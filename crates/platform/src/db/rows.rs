//! Rows of any table, one after the other: for exports, whose columns are declared and not typed.
//!
//! A [`Selection`] is written once and runs on both databases, in a snapshot. On PostgreSQL rows are fetched some at a time by a
//! cursor; on SQLite they are read as they are found.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::backend::Backend as SqlBackend;
use diesel::connection::{DefaultLoadingMode, LoadConnection, SimpleConnection as _};
use diesel::deserialize::FromSql;
use diesel::pg::Pg;
use diesel::row::{Field, Row, RowIndex};
use diesel::sql_types::{BigInt, Binary, Bool, Date, Integer, Text};
use diesel::sqlite::Sqlite;
use tables::Value;

use super::{Backend, Conn, Db, DbError};
use kernel::clock::Instant;
use kernel::columns::{IdColumn, InstantColumn};
use kernel::ids::CustomerId;
use kernel::money::Currency;

/// How many rows are taken from PostgreSQL at a time.
const FETCHED_TOGETHER: usize = 2_000;

/// How a column keeps what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    Text,
    /// A document as JSON.
    Json,
    /// A UUID, shown behind this prefix.
    Id(&'static str),
    /// 32 bits.
    Integer,
    /// 64 bits.
    Long,
    Boolean,
    Day,
    Instant,
    /// Minor units of the currency that stands at this place; where none stands there, of that of the row's first amount.
    Money(Place),
    /// A decimal number as text.
    Rate,
    /// Parts per million.
    Millionths,
    /// Shown in hexadecimal.
    Bytes,
}

/// A column: of the table itself, or of one that is joined to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The name of a join; the table itself when it is empty.
    pub of: &'static str,
    pub column: &'static str,
}

/// A table beside the one whose rows they are: one row of it at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Join {
    pub name: &'static str,
    pub table: &'static str,
    /// The column of the joined table that is looked for.
    pub key: &'static str,
    /// The column of the table itself that has it.
    pub by: &'static str,
}

impl Join {
    /// A table by its id.
    pub const fn by_id(name: &'static str, table: &'static str, by: &'static str) -> Join {
        Join {
            name,
            table,
            key: "id",
            by,
        }
    }
}

/// From when to when, by a column that keeps days or instants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    Days(NaiveDate, NaiveDate),
    /// From the first on, and before the second.
    Instants(Instant, Instant),
}

/// Which columns of which rows.
#[derive(Debug, Clone)]
pub struct Selection {
    pub table: &'static str,
    /// A query that stands in the table's place, written by us alone.
    pub query: Option<String>,
    pub joins: &'static [Join],
    pub columns: Vec<(Place, Kept)>,
    /// Only rows in a span.
    pub within: Option<(&'static str, Span)>,
    pub order: &'static [&'static str],
}

/// What comes of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Piece<'a> {
    Cell(Value<'a>),
    RowEnds,
}

impl Selection {
    /// How many rows there are.
    ///
    /// # Errors
    /// When the database fails.
    pub fn count(&self, db: &mut Db) -> Result<i64, DbError> {
        let sql = format!(
            "SELECT COUNT(*) FROM {} AS t{}",
            self.source(),
            self.conditions("")
        );
        let mut count = 0;
        let counts = [Kept::Long];
        read(db, &sql, 0, &counts, &mut |piece| -> Result<(), DbError> {
            if let Piece::Cell(Value::Integer(number)) = piece {
                count = number;
            }
            Ok(())
        })?;
        Ok(count)
    }

    /// Gives the cells of all rows, in their order.
    ///
    /// # Errors
    /// When the database fails, or `on` does.
    pub fn read<E: From<DbError>>(
        &self,
        db: &mut Db,
        on: &mut dyn FnMut(Piece<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let currencies = self.currencies();
        let kept: Vec<Kept> = self.columns.iter().map(|(_, kept)| *kept).collect();
        let places = self.columns.iter().map(|(place, _)| *place);
        let listed: Vec<String> = currencies
            .iter()
            .copied()
            .chain(places)
            .map(shown)
            .collect();
        let joins: String = self.joins.iter().map(joined).collect();
        // SQLite would look rows up by the span and then sort all of them, in memory; read in their order, none is kept.
        let by_no_index = match db.backend() {
            Backend::Sqlite if self.query.is_none() => "+",
            _ => "",
        };
        let order: Vec<String> = self.order.iter().map(|column| own(column)).collect();
        let sql = format!(
            "SELECT {} FROM {} AS t{joins}{} ORDER BY {}",
            listed.join(", "),
            self.source(),
            self.conditions(by_no_index),
            order.join(", "),
        );
        let amounts = Amounts { places: currencies };
        let kept = kept
            .iter()
            .map(|kept| amounts.settle(*kept))
            .collect::<Vec<_>>();
        read_with(db, &sql, amounts.places.len(), &kept, on)
    }

    fn source(&self) -> String {
        match &self.query {
            Some(query) => format!("({query})"),
            None => quoted(self.table),
        }
    }

    /// Where the currencies of the amounts stand, each once.
    fn currencies(&self) -> Vec<Place> {
        let mut places = Vec::new();
        for (_, kept) in &self.columns {
            if let Kept::Money(place) = kept
                && !places.contains(place)
            {
                places.push(*place);
            }
        }
        places
    }

    /// Days and instants are ours, and have no quotes. A sign in front of the column keeps SQLite from its index.
    fn conditions(&self, sign: &str) -> String {
        let within = self.within.map(|(column, span)| {
            let column = format!("{sign}{}", own(column));
            match span {
                Span::Days(first, last) => format!("{column} BETWEEN '{first}' AND '{last}'"),
                Span::Instants(from, until) => {
                    format!("{column} >= '{from}' AND {column} < '{until}'")
                }
            }
        });
        within.map_or_else(String::new, |within| format!(" WHERE {within}"))
    }
}

fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

fn own(column: &str) -> String {
    format!("t.{}", quoted(column))
}

fn shown(place: Place) -> String {
    if place.of.is_empty() {
        return own(place.column);
    }
    format!("{}.{}", quoted(place.of), quoted(place.column))
}

fn joined(join: &Join) -> String {
    let name = quoted(join.name);
    format!(
        " LEFT JOIN {} AS {name} ON {name}.{} = {}",
        quoted(join.table),
        quoted(join.key),
        own(join.by)
    )
}

/// How a cell is read: as it is kept, and an amount with the currency at this place in front of the row.
#[derive(Debug, Clone, Copy)]
enum Reading {
    Plain(Kept),
    Amount(usize),
}

struct Amounts {
    places: Vec<Place>,
}

impl Amounts {
    fn settle(&self, kept: Kept) -> Reading {
        match kept {
            Kept::Money(place) => {
                let at = self.places.iter().position(|known| *known == place);
                at.map_or(Reading::Plain(Kept::Long), Reading::Amount)
            }
            kept => Reading::Plain(kept),
        }
    }
}

fn read<E: From<DbError>>(
    db: &mut Db,
    sql: &str,
    currencies: usize,
    kept: &[Kept],
    on: &mut dyn FnMut(Piece<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let kept: Vec<Reading> = kept.iter().copied().map(Reading::Plain).collect();
    read_with(db, sql, currencies, &kept, on)
}

fn read_with<E: From<DbError>>(
    db: &mut Db,
    sql: &str,
    currencies: usize,
    kept: &[Reading],
    on: &mut dyn FnMut(Piece<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut digits = Digits::default();
    match db.conn() {
        Conn::Postgres(c) => {
            // Whoever stops in the middle leaves no more unread than what was fetched together.
            c.batch_execute(&format!(
                "SET LOCAL cursor_tuple_fraction = 1; DECLARE rows NO SCROLL CURSOR FOR {sql}"
            ))
            .map_err(DbError::from)?;
            let mut fetched = FETCHED_TOGETHER;
            while fetched == FETCHED_TOGETHER {
                fetched = 0;
                let query = diesel::sql_query(format!("FETCH {FETCHED_TOGETHER} FROM rows"));
                let rows = LoadConnection::<DefaultLoadingMode>::load(&mut **c, query);
                for row in rows.map_err(DbError::from)? {
                    let row = row.map_err(DbError::from)?;
                    give::<Pg, _, _>(&row, currencies, kept, &mut digits, on)?;
                    fetched += 1;
                }
            }
            c.batch_execute("CLOSE rows").map_err(DbError::from)?;
        }
        Conn::Sqlite(c) => {
            let query = diesel::sql_query(sql);
            let rows = LoadConnection::<DefaultLoadingMode>::load(&mut **c, query);
            for row in rows.map_err(DbError::from)? {
                let row = row.map_err(DbError::from)?;
                give::<Sqlite, _, _>(&row, currencies, kept, &mut digits, on)?;
            }
        }
    }
    Ok(())
}

/// How many digits the minor units of currencies have, as far as they were met.
#[derive(Default)]
struct Digits {
    known: HashMap<String, u32>,
}

impl Digits {
    fn of(&mut self, code: &str) -> Result<u32, DbError> {
        if let Some(digits) = self.known.get(code) {
            return Ok(*digits);
        }
        let currency: Currency = code
            .parse()
            .map_err(|_| DbError::Document(format!("{code:?} is no currency")))?;
        self.known.insert(code.to_owned(), currency.minor_digits());
        Ok(currency.minor_digits())
    }
}

/// A database of which a text can be looked at without a copy, where it can.
trait Reads: SqlBackend {
    fn text<R>(raw: Self::RawValue<'_>, on: impl FnOnce(&str) -> R) -> Result<R, DbError>;
}

impl Reads for Pg {
    fn text<R>(raw: Self::RawValue<'_>, on: impl FnOnce(&str) -> R) -> Result<R, DbError> {
        Ok(on(std::str::from_utf8(raw.as_bytes()).map_err(unreadable)?))
    }
}

impl Reads for Sqlite {
    fn text<R>(raw: Self::RawValue<'_>, on: impl FnOnce(&str) -> R) -> Result<R, DbError> {
        let text = <String as FromSql<Text, Sqlite>>::from_sql(raw).map_err(unreadable)?;
        Ok(on(&text))
    }
}

/// Gives the cells of one row.
fn give<'r, DB, R, E>(
    row: &R,
    currencies: usize,
    kept: &[Reading],
    digits: &mut Digits,
    on: &mut dyn FnMut(Piece<'_>) -> Result<(), E>,
) -> Result<(), E>
where
    DB: Reads,
    R: Row<'r, DB> + RowIndex<usize>,
    E: From<DbError>,
    i64: FromSql<BigInt, DB>,
    i32: FromSql<Integer, DB>,
    bool: FromSql<Bool, DB>,
    NaiveDate: FromSql<Date, DB>,
    Vec<u8>: FromSql<Binary, DB>,
    CustomerId: FromSql<IdColumn, DB>,
    Instant: FromSql<InstantColumn, DB>,
{
    for (index, reading) in kept.iter().enumerate() {
        let field = row.get(currencies + index).ok_or_else(missing)?;
        let Some(raw) = field.value() else {
            on(Piece::Cell(Value::Null))?;
            continue;
        };
        match *reading {
            Reading::Amount(place) => {
                let currency = row.get(place).ok_or_else(missing)?;
                let main = row.get(0).ok_or_else(missing)?;
                let code = currency.value().or_else(|| main.value());
                let places = DB::text(code.ok_or_else(missing)?, |code| digits.of(code))??;
                let minor: i64 = FromSql::from_sql(raw).map_err(unreadable)?;
                let digits = i128::from(minor);
                on(Piece::Cell(Value::Decimal { digits, places }))?;
            }
            Reading::Plain(Kept::Text) => {
                DB::text(raw, |text| on(Piece::Cell(Value::Text(text))))??;
            }
            Reading::Plain(Kept::Json) => {
                DB::text(raw, |text| on(Piece::Cell(Value::Json(text))))??;
            }
            Reading::Plain(Kept::Rate) => {
                let (digits, places) = DB::text(raw, decimal)??;
                on(Piece::Cell(Value::Decimal { digits, places }))?;
            }
            Reading::Plain(Kept::Bytes) => {
                let bytes: Vec<u8> = FromSql::from_sql(raw).map_err(unreadable)?;
                on(Piece::Cell(Value::Text(&hex(&bytes))))?;
            }
            Reading::Plain(kept) => on(Piece::Cell(small::<DB>(kept, raw)?))?,
        }
    }
    on(Piece::RowEnds)
}

/// A value that is no text.
fn small<DB>(kept: Kept, raw: DB::RawValue<'_>) -> Result<Value<'static>, DbError>
where
    DB: Reads,
    i64: FromSql<BigInt, DB>,
    i32: FromSql<Integer, DB>,
    bool: FromSql<Bool, DB>,
    NaiveDate: FromSql<Date, DB>,
    CustomerId: FromSql<IdColumn, DB>,
    Instant: FromSql<InstantColumn, DB>,
{
    let read = match kept {
        Kept::Id(prefix) => CustomerId::from_sql(raw).map(|id| Value::Id(prefix, id.uuid())),
        Kept::Integer => i32::from_sql(raw).map(|number| Value::Integer(number.into())),
        Kept::Boolean => bool::from_sql(raw).map(Value::Boolean),
        Kept::Day => NaiveDate::from_sql(raw).map(Value::Day),
        Kept::Instant => Instant::from_sql(raw).map(|at| Value::Instant(at.utc())),
        Kept::Millionths => i64::from_sql(raw).map(|number| Value::Decimal {
            digits: number.into(),
            places: 6,
        }),
        Kept::Long | Kept::Money(_) => i64::from_sql(raw).map(Value::Integer),
        Kept::Text | Kept::Json | Kept::Rate | Kept::Bytes => return Err(missing()),
    };
    read.map_err(unreadable)
}

/// A decimal number as rates are kept: digits with at most one point.
fn decimal(text: &str) -> Result<(i128, u32), DbError> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{fraction}").parse().map_err(unreadable)?;
    let places = u32::try_from(fraction.len()).map_err(unreadable)?;
    Ok((digits, places))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a text does not fail.
        _ = write!(text, "{byte:02x}");
        text
    })
}

fn missing() -> DbError {
    DbError::Document("a row lacks what a column needs".to_owned())
}

fn unreadable(error: impl std::fmt::Display) -> DbError {
    DbError::Document(error.to_string())
}
