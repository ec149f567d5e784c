//! Parquet, by its columns: rows are gathered until there are enough for a group of them.

use std::io::{self, Write};
use std::sync::Arc;

use chrono::NaiveDate;
use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::{ByteArray, FixedLenByteArray};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{Type, TypePtr};

use super::{Column, Kind, Rows, TableError, Value, write_plain};

/// How many rows make a group, and how many bytes of texts at most.
const GROUP_ROWS: usize = 50_000;
const GROUP_BYTES: usize = 16 * 1024 * 1024;

/// How many bytes a decimal number has: enough for 38 digits.
const DECIMAL_BYTES: i32 = 16;

/// What was gathered of a column.
enum Gathered {
    Texts(Vec<ByteArray>),
    Numbers(Vec<i64>),
    Days(Vec<i32>),
    Booleans(Vec<bool>),
    Decimals(u32, Vec<FixedLenByteArray>),
}

struct Gathering {
    name: String,
    values: Gathered,
    /// For each row whether there is a value.
    levels: Vec<i16>,
}

pub struct ParquetFile<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    columns: Vec<Gathering>,
    next: usize,
    rows: usize,
    bytes: usize,
    text: String,
}

impl<W: Write + Send> ParquetFile<W> {
    pub fn begin(columns: &[Column], file: W) -> Result<ParquetFile<W>, TableError> {
        let fields: Result<Vec<TypePtr>, ParquetError> = columns
            .iter()
            .map(|column| Ok(Arc::new(declared(column)?)))
            .collect();
        let schema = Type::group_type_builder("table")
            .with_fields(fields.map_err(failed)?)
            .build()
            .map_err(failed)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by("netterms".to_owned())
            .build();
        let writer = SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties))
            .map_err(failed)?;
        Ok(ParquetFile {
            writer,
            columns: columns.iter().map(gathering).collect(),
            next: 0,
            rows: 0,
            bytes: 0,
            text: String::new(),
        })
    }

    fn write_group(&mut self) -> Result<(), TableError> {
        if self.rows == 0 {
            return Ok(());
        }
        let mut group = self.writer.next_row_group().map_err(failed)?;
        let mut columns = self.columns.iter_mut();
        while let Some(mut writer) = group.next_column().map_err(failed)? {
            let Some(column) = columns.next() else {
                return Err(TableError::Format("a column too many".to_owned()));
            };
            let levels = Some(column.levels.as_slice());
            let written = match (writer.untyped(), &column.values) {
                (ColumnWriter::ByteArrayColumnWriter(to), Gathered::Texts(all)) => {
                    to.write_batch(all, levels, None)
                }
                (ColumnWriter::Int64ColumnWriter(to), Gathered::Numbers(all)) => {
                    to.write_batch(all, levels, None)
                }
                (ColumnWriter::Int32ColumnWriter(to), Gathered::Days(all)) => {
                    to.write_batch(all, levels, None)
                }
                (ColumnWriter::BoolColumnWriter(to), Gathered::Booleans(all)) => {
                    to.write_batch(all, levels, None)
                }
                (ColumnWriter::FixedLenByteArrayColumnWriter(to), Gathered::Decimals(_, all)) => {
                    to.write_batch(all, levels, None)
                }
                _ => return Err(of_another_kind(&column.name)),
            };
            written.map_err(failed)?;
            writer.close().map_err(failed)?;
            column.clear();
        }
        group.close().map_err(failed)?;
        self.rows = 0;
        self.bytes = 0;
        Ok(())
    }
}

impl<W: Write + Send> Rows<W> for ParquetFile<W> {
    fn cell(&mut self, value: Value<'_>) -> Result<(), TableError> {
        let column = self
            .columns
            .get_mut(self.next)
            .ok_or_else(|| TableError::Format("a row has too many cells".to_owned()))?;
        self.next += 1;
        if value == Value::Null {
            column.levels.push(0);
            return Ok(());
        }
        column.levels.push(1);
        match (&mut column.values, value) {
            (Gathered::Texts(all), value) => {
                self.text.clear();
                write_plain(&mut self.text, value);
                self.bytes += self.text.len();
                all.push(ByteArray::from(self.text.as_bytes().to_vec()));
            }
            (Gathered::Numbers(all), Value::Integer(number)) => all.push(number),
            (Gathered::Numbers(all), Value::Instant(at)) => all.push(at.timestamp_micros()),
            (Gathered::Days(all), Value::Day(day)) => {
                let since = day.signed_duration_since(NaiveDate::default()).num_days();
                all.push(i32::try_from(since).map_err(|_| of_another_kind(&column.name))?);
            }
            (Gathered::Booleans(all), Value::Boolean(said)) => all.push(said),
            (Gathered::Decimals(scale, all), Value::Decimal { digits, places }) => {
                let scaled = rescaled(digits, places, *scale)
                    .ok_or_else(|| of_another_kind(&column.name))?;
                all.push(FixedLenByteArray::from(scaled.to_be_bytes().to_vec()));
            }
            _ => return Err(of_another_kind(&column.name)),
        }
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), TableError> {
        self.next = 0;
        self.rows += 1;
        if self.rows >= GROUP_ROWS || self.bytes >= GROUP_BYTES {
            self.write_group()?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<W, TableError> {
        self.write_group()?;
        self.writer.into_inner().map_err(failed)
    }
}

impl Gathering {
    fn clear(&mut self) {
        self.levels.clear();
        match &mut self.values {
            Gathered::Texts(all) => all.clear(),
            Gathered::Numbers(all) => all.clear(),
            Gathered::Days(all) => all.clear(),
            Gathered::Booleans(all) => all.clear(),
            Gathered::Decimals(_, all) => all.clear(),
        }
    }
}

fn gathering(column: &Column) -> Gathering {
    Gathering {
        name: column.name.clone(),
        values: match column.kind {
            Kind::Text | Kind::Id | Kind::Json => Gathered::Texts(Vec::new()),
            Kind::Integer | Kind::Instant => Gathered::Numbers(Vec::new()),
            Kind::Boolean => Gathered::Booleans(Vec::new()),
            Kind::Day => Gathered::Days(Vec::new()),
            Kind::Decimal { scale, .. } => Gathered::Decimals(u32::from(scale), Vec::new()),
        },
        levels: Vec::new(),
    }
}

fn declared(column: &Column) -> Result<Type, ParquetError> {
    let (physical, logical) = match column.kind {
        Kind::Text | Kind::Id | Kind::Json => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::Integer => (Physical::INT64, None),
        Kind::Boolean => (Physical::BOOLEAN, None),
        Kind::Day => (Physical::INT32, Some(LogicalType::Date)),
        Kind::Instant => (
            Physical::INT64,
            Some(LogicalType::timestamp(true, TimeUnit::MICROS)),
        ),
        Kind::Decimal { precision, scale } => (
            Physical::FIXED_LEN_BYTE_ARRAY,
            Some(LogicalType::decimal(i32::from(scale), i32::from(precision))),
        ),
    };
    let builder = Type::primitive_type_builder(&column.name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical);
    match column.kind {
        Kind::Decimal { precision, scale } => builder
            .with_length(DECIMAL_BYTES)
            .with_precision(i32::from(precision))
            .with_scale(i32::from(scale))
            .build(),
        _ => builder.build(),
    }
}

/// A decimal number with so many places; where it has more, rounded to the nearer one, half up.
fn rescaled(digits: i128, places: u32, scale: u32) -> Option<i128> {
    if let Some(missing) = scale.checked_sub(places) {
        return digits.checked_mul(10_i128.checked_pow(missing)?);
    }
    let factor = 10_i128.checked_pow(places.checked_sub(scale)?)?;
    let (whole, rest) = (digits / factor, digits % factor);
    let away = i128::from(rest.abs() >= factor - rest.abs());
    whole.checked_add(away * digits.signum())
}

fn of_another_kind(column: &str) -> TableError {
    TableError::Kind {
        column: column.to_owned(),
    }
}

fn failed(error: ParquetError) -> TableError {
    match error {
        // What the file is written to says itself why it failed.
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => TableError::Io(*error),
            Err(error) => TableError::Format(error.to_string()),
        },
        error => TableError::Format(error.to_string()),
    }
}
