//! Tables as files: CSV, NDJSON, XLSX and Parquet, written cell by cell in bounded memory.
//!
//! Whoever has rows gives [`TableWriter`] the columns once, then one [`Value`] for each cell of each row. Amounts are exact in
//! all of them; what people typed is never taken for a formula.
#![forbid(unsafe_code)]

mod csv_file;
mod harmless;
mod ndjson_file;
mod parquet_file;
mod xlsx_file;

use std::fmt::Write as _;
use std::io::{self, Write};

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use uuid::Uuid;

pub use harmless::is_formula;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// An id: a prefix and a UUID.
    Id,
    Integer,
    Boolean,
    Day,
    Instant,
    /// A decimal number with at most so many digits, and so many of them behind the point.
    Decimal {
        precision: u8,
        scale: u8,
    },
    /// A document as it is kept.
    Json,
}

/// An amount of money in any currency: what 64 bits of its minor units hold, whether it has none or four digits of them.
pub const AMOUNT: Kind = Kind::Decimal {
    precision: 23,
    scale: 4,
};

/// A rate, with 14 digits before the point and 24 after it: those that settlements keep have 12 digits that count, behind
/// noughts where the currencies are far apart.
pub const RATE: Kind = Kind::Decimal {
    precision: 38,
    scale: 24,
};

/// A share, in millionths.
pub const SHARE: Kind = Kind::Decimal {
    precision: 19,
    scale: 6,
};

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    pub kind: Kind,
}

/// A cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    Null,
    Text(&'a str),
    Id(&'static str, Uuid),
    Integer(i64),
    Boolean(bool),
    Day(NaiveDate),
    Instant(DateTime<Utc>),
    /// `digits` with so many of them behind the point.
    Decimal {
        digits: i128,
        places: u32,
    },
    Json(&'a str),
}

/// Why a table can't be written.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("the value of {column} is none of its kind")]
    Kind { column: String },
    #[error("the file can't be made: {0}")]
    Format(String),
}

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Csv,
    Ndjson,
    Xlsx,
    Parquet,
}

impl Format {
    pub const fn media_type(self) -> &'static str {
        match self {
            Format::Csv => "text/csv; charset=utf-8",
            Format::Ndjson => "application/x-ndjson",
            Format::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Format::Parquet => "application/vnd.apache.parquet",
        }
    }

    /// How a file's name ends.
    pub const fn extension(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Ndjson => "ndjson",
            Format::Xlsx => "xlsx",
            Format::Parquet => "parquet",
        }
    }
}

/// Where rows go, cell by cell.
trait Rows<W> {
    fn cell(&mut self, value: Value<'_>) -> Result<(), TableError>;

    fn end_row(&mut self) -> Result<(), TableError>;

    fn finish(self: Box<Self>) -> Result<W, TableError>;
}

/// Writes one table into a file.
pub struct TableWriter<W> {
    rows: Box<dyn Rows<W>>,
    count: u64,
}

impl<W: Write + Send + 'static> TableWriter<W> {
    /// Begins a table.
    ///
    /// # Errors
    /// When its beginning can't be written.
    pub fn begin(
        format: Format,
        name: &str,
        columns: &[Column],
        file: W,
    ) -> Result<TableWriter<W>, TableError> {
        let rows: Box<dyn Rows<W>> = match format {
            Format::Csv => Box::new(csv_file::CsvFile::begin(columns, file)?),
            Format::Ndjson => Box::new(ndjson_file::NdjsonFile::begin(columns, file)?),
            Format::Xlsx => Box::new(xlsx_file::XlsxFile::begin(name, columns, file)?),
            Format::Parquet => Box::new(parquet_file::ParquetFile::begin(columns, file)?),
        };
        Ok(TableWriter { rows, count: 0 })
    }

    /// Adds a cell to the row.
    ///
    /// # Errors
    /// When it can't be written, or is of another kind than its column.
    pub fn cell(&mut self, value: Value<'_>) -> Result<(), TableError> {
        self.rows.cell(value)
    }

    /// Ends the row.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn end_row(&mut self) -> Result<(), TableError> {
        self.count += 1;
        self.rows.end_row()
    }

    /// How many rows there are.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Ends the table, and gives the file back.
    ///
    /// # Errors
    /// When its end can't be written.
    pub fn finish(self) -> Result<W, TableError> {
        self.rows.finish()
    }
}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Adds an id as it is shown everywhere: the prefix, and the UUID in 26 digits of base 32.
fn write_id(text: &mut String, prefix: &str, uuid: Uuid) {
    let bits = uuid.as_u128();
    text.push_str(prefix);
    text.push('_');
    for place in (0..26).rev() {
        let index = usize::try_from((bits >> (place * 5)) & 31).unwrap_or(0);
        text.push(ALPHABET.get(index).map_or('0', |digit| char::from(*digit)));
    }
}

/// Adds a decimal number: `1250` with two places is `12.50`.
fn write_decimal(text: &mut String, digits: i128, places: u32) {
    if digits < 0 {
        text.push('-');
    }
    let plain = digits.unsigned_abs().to_string();
    let places = usize::try_from(places).unwrap_or(0);
    let padded = format!("{plain:0>width$}", width = places + 1);
    let (whole, fraction) = padded.split_at(padded.len() - places);
    text.push_str(whole);
    if !fraction.is_empty() {
        text.push('.');
        text.push_str(fraction);
    }
}

/// Adds what a cell says as text; nothing for one that is empty.
fn write_plain(text: &mut String, value: Value<'_>) {
    match value {
        Value::Null => {}
        Value::Text(said) | Value::Json(said) => text.push_str(said),
        Value::Id(prefix, uuid) => write_id(text, prefix, uuid),
        // Writing into a text does not fail.
        Value::Integer(number) => _ = write!(text, "{number}"),
        Value::Boolean(said) => text.push_str(if said { "true" } else { "false" }),
        Value::Day(day) => _ = write!(text, "{day}"),
        Value::Instant(at) => text.push_str(&at.to_rfc3339_opts(SecondsFormat::Micros, true)),
        Value::Decimal { digits, places } => write_decimal(text, digits, places),
    }
}

#[cfg(test)]
mod tests;
