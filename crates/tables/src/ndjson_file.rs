//! One JSON object a line.

use std::io::{self, Write};

use serde::de::IgnoredAny;

use super::{Column, Rows, TableError, Value, write_plain};

pub struct NdjsonFile<W: Write> {
    file: io::BufWriter<W>,
    /// What comes before each cell: a comma, and the column's name.
    before: Vec<String>,
    next: usize,
    line: String,
    cell: String,
}

impl<W: Write> NdjsonFile<W> {
    pub fn begin(columns: &[Column], file: W) -> Result<NdjsonFile<W>, TableError> {
        let before = columns.iter().enumerate().map(|(index, column)| {
            let name = json_text(&column.name)?;
            Ok(format!("{}{name}:", if index == 0 { "" } else { "," }))
        });
        Ok(NdjsonFile {
            file: io::BufWriter::with_capacity(64 * 1024, file),
            before: before.collect::<Result<_, TableError>>()?,
            next: 0,
            line: String::from("{"),
            cell: String::new(),
        })
    }
}

impl<W: Write> Rows<W> for NdjsonFile<W> {
    fn cell(&mut self, value: Value<'_>) -> Result<(), TableError> {
        let before = self.before.get(self.next).ok_or_else(too_many)?;
        self.line.push_str(before);
        self.next += 1;
        match value {
            Value::Null => self.line.push_str("null"),
            Value::Integer(_) | Value::Boolean(_) => write_plain(&mut self.line, value),
            Value::Json(text) if serde_json::from_str::<IgnoredAny>(text).is_ok() => {
                // A document on several lines would be several.
                self.line.push_str(&text.replace(['\n', '\r'], " "));
            }
            Value::Text(text) | Value::Json(text) => self.line.push_str(&json_text(text)?),
            _ => {
                self.cell.clear();
                write_plain(&mut self.cell, value);
                self.line.push('"');
                self.line.push_str(&self.cell);
                self.line.push('"');
            }
        }
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), TableError> {
        self.line.push_str("}\n");
        self.file.write_all(self.line.as_bytes())?;
        self.line.clear();
        self.line.push('{');
        self.next = 0;
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<W, TableError> {
        self.file
            .into_inner()
            .map_err(|error| TableError::Io(error.into_error()))
    }
}

fn json_text(text: &str) -> Result<String, TableError> {
    serde_json::to_string(text).map_err(|error| TableError::Format(error.to_string()))
}

fn too_many() -> TableError {
    TableError::Format("a row has more cells than there are columns".to_owned())
}
