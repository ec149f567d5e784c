//! A CSV file, read line by line: UTF-8 with or without a byte order mark or what the mapping names, commas, semicolons
//! or tabs.

use std::collections::BTreeSet;
use std::io::{self, Read};

use super::decoding::Utf8;
use super::model::{Encoding, ImportKind, Mapping, Report, Row};
use super::records::{self, Records};
use super::rules::mapping::Layout;
use super::rules::{Cells, FromCells};
use crate::platform::jobs::model::JobError;

/// How many rows are posted at once.
pub const CHUNK_ROWS: usize = 1_000;

/// Why a file can't be read on.
#[derive(Debug)]
pub enum ReadError {
    /// The file itself is wrong.
    File(Vec<JobError>),
    /// The disk or the database failed.
    Source(io::Error),
}

/// A file whose header was found good.
pub struct CsvFile<R: Read> {
    records: Records<Utf8<R>>,
    layout: Layout,
    width: usize,
    record: records::Cells,
}

impl<R: Read> CsvFile<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// When the file is empty, or its header is not what the kind takes.
    pub fn open(source: R, kind: ImportKind, mapping: &Mapping) -> Result<CsvFile<R>, ReadError> {
        let encoding = mapping.encoding.unwrap_or(Encoding::Utf8);
        let source = Utf8::new(source, encoding);
        let mut records = Records::new(source).map_err(ReadError::Source)?;
        let mut record = records::Cells::default();
        let (line, header) = match records.next(&mut record).map_err(ReadError::Source)? {
            None => return Err(file_error(1, "empty_file", "the file is empty")),
            Some((line, Err(fault))) => {
                return Err(file_error(line, fault.code(), fault.message()));
            }
            Some((line, Ok(()))) => match record.texts() {
                Some(header) => (line, header),
                None => return Err(file_error(line, "not_utf8", "is not UTF-8")),
            },
        };
        let layout = Layout::new(kind, line, &header, mapping).map_err(ReadError::File)?;
        Ok(CsvFile {
            records,
            layout,
            width: record.count(),
            record,
        })
    }

    /// The next rows, at most [`CHUNK_ROWS`], of the lines in `only` when it is given; none at the end. What is no row
    /// goes to the report.
    ///
    /// # Errors
    /// When the file can't be read on.
    pub fn next_chunk<Content: FromCells>(
        &mut self,
        only: Option<&BTreeSet<i64>>,
        report: &mut Report,
    ) -> Result<Option<Vec<Row<Content>>>, ReadError> {
        let mut rows = Vec::new();
        for _ in 0..CHUNK_ROWS {
            let next = self.records.next(&mut self.record);
            let Some((line, found)) = next.map_err(ReadError::Source)? else {
                return Ok((!rows.is_empty()).then_some(rows));
            };
            if only.is_some_and(|only| !only.contains(&line)) {
                continue;
            }
            report.lines += i64::from(only.is_none());
            let row = match found {
                Ok(()) => self.row(line),
                Err(fault) => Err(vec![line_error(line, fault.code(), fault.message())]),
            };
            match row {
                Ok(Some(content)) => rows.push(Row { line, content }),
                Ok(None) => report.skip(),
                Err(errors) => report.reject(errors),
            }
        }
        Ok(Some(rows))
    }

    /// What a line says; nothing when the mapping passes it over.
    fn row<Content: FromCells>(&self, line: i64) -> Result<Option<Content>, Vec<JobError>> {
        let not_utf8 = || vec![line_error(line, "not_utf8", "is not UTF-8")];
        let texts = self.record.texts().ok_or_else(not_utf8)?;
        if texts.len() != self.width {
            let message = format!("has {} cells, the header {}", texts.len(), self.width);
            return Err(vec![line_error(line, "wrong_number_of_cells", &message)]);
        }
        if self.layout.skips(&texts) {
            return Ok(None);
        }
        let mut cells = Cells::new(&self.layout, line, &texts);
        let content = Content::from_cells(&mut cells);
        cells.finish(content).map(Some)
    }
}

fn file_error(line: i64, code: &str, message: &str) -> ReadError {
    ReadError::File(vec![line_error(line, code, message)])
}

fn line_error(line: i64, code: &str, message: &str) -> JobError {
    JobError {
        line: Some(line),
        column: None,
        code: code.to_owned(),
        message: message.to_owned(),
    }
}
