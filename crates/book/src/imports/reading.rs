//! A CSV file, read line by line: UTF-8 with or without a byte order mark or what the mapping names, commas, semicolons
//! or tabs.

use std::collections::BTreeSet;
use std::io::{self, Read};

use super::decoding::Utf8;
use super::model::{Encoding, ImportKind, Mapping, Report, Row};
use super::records::{self, Fault, Records};
use super::rules::mapping::Layout;
use super::rules::{Cells, FromCells};
use crate::platform::jobs::model::JobError;

/// How many rows are posted at once.
pub const CHUNK_ROWS: usize = 1_000;

/// How many lines one document may have; they are posted at once.
pub const JOINED_MAX: usize = 500;

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
    /// What was found of the record that was read and is not taken yet.
    ahead: Option<Found>,
    /// What goes on in the next chunk although it is broken.
    broken: Run,
}

/// The number of a record's first line, and whether it could be read.
type Found = (i64, Result<(), Fault>);

/// The lines of one number that stand together, of a kind whose lines join.
#[derive(Default)]
struct Run {
    number: Option<String>,
    /// Where its rows begin.
    start: usize,
    lines: usize,
    /// Whether lines were passed whose number can't be read.
    has_gap: bool,
    is_broken: bool,
}

impl Run {
    /// Whether a line of this number belongs to it. One whose number can't be read may.
    fn goes_on(&self, number: Option<&str>, is_read: bool) -> bool {
        self.number.is_some() && (number == self.number.as_deref() || !is_read)
    }

    /// Takes a line that belongs to it, or begins anew with one that does not.
    fn take(&mut self, number: Option<String>, is_read: bool, rows: usize) {
        if !self.goes_on(number.as_deref(), is_read) {
            *self = Run {
                number,
                start: rows,
                ..Run::default()
            };
        } else if !is_read {
            self.has_gap = true;
            return;
        }
        self.lines += 1;
        self.is_broken |= self.has_gap;
    }
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
            ahead: None,
            broken: Run::default(),
        })
    }

    /// The next rows, of the lines in `only` when it is given; none at the end. They are at most [`CHUNK_ROWS`], and as
    /// many more as belong to the last document. What is no row goes to the report.
    ///
    /// # Errors
    /// When the file can't be read on.
    pub fn next_chunk<Content: FromCells>(
        &mut self,
        only: Option<&BTreeSet<i64>>,
        report: &mut Report,
    ) -> Result<Option<Vec<Row<Content>>>, ReadError> {
        let mut rows: Vec<Row<Content>> = Vec::new();
        let mut run = std::mem::take(&mut self.broken);
        let mut taken = 0;
        while let Some((line, found)) = self.peek()? {
            let number = Content::JOINS.then(|| self.number(found)).flatten();
            let is_read = !Content::JOINS || number.is_some();
            let goes_on = run.goes_on(number.as_deref(), is_read);
            if taken >= CHUNK_ROWS + JOINED_MAX && goes_on {
                // No document is so long: what follows of it is wrong, and is told chunk by chunk.
                self.broken = Run {
                    start: 0,
                    is_broken: true,
                    ..run
                };
                return Ok(Some(rows));
            }
            if taken >= CHUNK_ROWS && !goes_on {
                return Ok(Some(rows));
            }
            self.ahead = None;
            taken += 1;
            if only.is_some_and(|only| !only.contains(&line)) {
                continue;
            }
            report.lines += i64::from(only.is_none());
            run.take(number, is_read, rows.len());
            let row = match found {
                _ if run.lines > JOINED_MAX => Err(vec![too_many_lines(line)]),
                Ok(()) => self.row(line),
                Err(fault) => Err(vec![line_error(line, fault.code(), fault.message())]),
            };
            match row {
                Ok(Some(content)) => rows.push(Row {
                    line,
                    content,
                    is_incomplete: false,
                }),
                Ok(None) => report.skip(),
                Err(errors) => {
                    report.reject(errors);
                    run.is_broken |= is_read;
                }
            }
            if run.is_broken && run.number.is_some() {
                for row in rows.iter_mut().skip(run.start) {
                    row.is_incomplete = true;
                }
            }
        }
        Ok((!rows.is_empty()).then_some(rows))
    }

    /// The next record, which stays the next one.
    fn peek(&mut self) -> Result<Option<Found>, ReadError> {
        if self.ahead.is_none() {
            let next = self.records.next(&mut self.record);
            self.ahead = next.map_err(ReadError::Source)?;
        }
        Ok(self.ahead)
    }

    /// What stands in the number's cell.
    fn number(&self, found: Result<(), Fault>) -> Option<String> {
        let texts = found.ok().and_then(|()| self.record.texts())?;
        self.layout.text("number", &texts).map(ToOwned::to_owned)
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

fn too_many_lines(line: i64) -> JobError {
    let message = format!("is of a document with more than {JOINED_MAX} lines");
    line_error(line, "too_many_lines", &message)
}

fn line_error(line: i64, code: &str, message: &str) -> JobError {
    JobError {
        line: Some(line),
        column: None,
        code: code.to_owned(),
        message: message.to_owned(),
    }
}
