//! CSV as RFC 4180 has it, in UTF-8.

use std::io::Write;

use super::{Column, Rows, TableError, Value, is_formula, write_plain};

pub struct CsvFile<W: Write> {
    writer: csv::Writer<W>,
    /// The cell that is being written.
    cell: String,
}

impl<W: Write> CsvFile<W> {
    pub fn begin(columns: &[Column], file: W) -> Result<CsvFile<W>, TableError> {
        let mut writer = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .buffer_capacity(64 * 1024)
            .from_writer(file);
        writer
            .write_record(columns.iter().map(|column| &column.name))
            .map_err(failed)?;
        Ok(CsvFile {
            writer,
            cell: String::new(),
        })
    }
}

impl<W: Write> Rows<W> for CsvFile<W> {
    fn cell(&mut self, value: Value<'_>) -> Result<(), TableError> {
        if let Value::Text(text) | Value::Json(text) = value
            && !is_formula(text)
        {
            return self.writer.write_field(text).map_err(failed);
        }
        self.cell.clear();
        if matches!(value, Value::Text(_) | Value::Json(_)) {
            self.cell.push('\'');
        }
        write_plain(&mut self.cell, value);
        self.writer.write_field(&self.cell).map_err(failed)
    }

    fn end_row(&mut self) -> Result<(), TableError> {
        self.writer
            .write_record(std::iter::empty::<&[u8]>())
            .map_err(failed)
    }

    fn finish(self: Box<Self>) -> Result<W, TableError> {
        self.writer
            .into_inner()
            .map_err(|error| TableError::Io(error.into_error()))
    }
}

fn failed(error: csv::Error) -> TableError {
    let said = error.to_string();
    match error.into_kind() {
        csv::ErrorKind::Io(error) => TableError::Io(error),
        _ => TableError::Format(said),
    }
}
