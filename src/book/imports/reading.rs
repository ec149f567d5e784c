//! A CSV file, read line by line: UTF-8 with or without a byte order mark, commas or semicolons.

use std::collections::BTreeSet;
use std::io::{self, BufRead as _, BufReader, Read};

use csv::{ByteRecord, StringRecord};

use super::model::{ImportKind, Mapping, Report, Row};
use super::rules::{Cells, FromCells, Layout};
use crate::platform::jobs::model::JobError;

/// How many rows are posted at once.
pub const CHUNK_ROWS: usize = 1_000;

/// The longest that one line may be; beyond it a quote was opened and never closed, or it is no such file.
const LINE_BYTES_MAX: usize = 64 * 1024;

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
    reader: csv::Reader<Guarded<BufReader<R>>>,
    layout: Layout,
    record: ByteRecord,
}

impl<R: Read> CsvFile<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// When the file is empty, or its header is not what the kind takes.
    pub fn open(source: R, kind: ImportKind, mapping: &Mapping) -> Result<CsvFile<R>, ReadError> {
        let mut source = BufReader::with_capacity(LINE_BYTES_MAX, source);
        let start = source.fill_buf().map_err(ReadError::Source)?;
        let mark = if start.starts_with(b"\xEF\xBB\xBF") {
            3
        } else {
            0
        };
        let delimiter = delimiter(start);
        source.consume(mark);
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .trim(csv::Trim::All)
            .from_reader(Guarded::new(source));
        let header: Vec<String> = match reader.headers() {
            Ok(header) => header.iter().map(str::to_owned).collect(),
            Err(error) => return Err(broken(error)),
        };
        if header.iter().all(String::is_empty) {
            return Err(file_error(1, "empty_file", "the file is empty"));
        }
        let layout = Layout::new(kind, &header, mapping).map_err(ReadError::File)?;
        Ok(CsvFile {
            reader,
            layout,
            record: ByteRecord::new(),
        })
    }

    /// The next rows, at most [`CHUNK_ROWS`], of the lines in `only` when it is given; none at the end. What is no row
    /// goes to the report.
    ///
    /// # Errors
    /// When the file breaks off or is no CSV from here on.
    pub fn next_chunk<Content: FromCells>(
        &mut self,
        only: Option<&BTreeSet<i64>>,
        report: &mut Report,
    ) -> Result<Option<Vec<Row<Content>>>, ReadError> {
        let mut rows = Vec::new();
        for _ in 0..CHUNK_ROWS {
            let read = self.reader.read_byte_record(&mut self.record);
            let read = match read.map_err(csv::Error::into_kind) {
                Ok(read) => read,
                Err(csv::ErrorKind::UnequalLengths {
                    pos,
                    expected_len,
                    len,
                }) => {
                    let line = pos.map_or(0, |pos| number(pos.line()));
                    if only.is_none() {
                        report.lines += 1;
                        let message = format!("has {len} cells, the header {expected_len}");
                        report.reject(vec![line_error(line, "wrong_number_of_cells", &message)]);
                    }
                    continue;
                }
                Err(kind) => return Err(broken_kind(kind)),
            };
            if !read {
                return Ok((!rows.is_empty()).then_some(rows));
            }
            let line = self
                .record
                .position()
                .map_or(0, |position| number(position.line()));
            if only.is_some_and(|only| !only.contains(&line)) {
                continue;
            }
            report.lines += i64::from(only.is_none());
            match self.row(line) {
                Ok(content) => rows.push(Row { line, content }),
                Err(errors) => report.reject(errors),
            }
        }
        Ok(Some(rows))
    }

    fn row<Content: FromCells>(&self, line: i64) -> Result<Content, Vec<JobError>> {
        let record = StringRecord::from_byte_record(self.record.clone())
            .map_err(|_| vec![line_error(line, "not_utf8", "is not UTF-8")])?;
        let texts: Vec<&str> = record.iter().collect();
        let mut cells = Cells::new(&self.layout, line, &texts);
        let content = Content::from_cells(&mut cells);
        cells.finish(content)
    }
}

/// The delimiter of a header: whatever it has more of outside quotes.
fn delimiter(start: &[u8]) -> u8 {
    let line = start
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let count = |wanted: u8| line.split(|byte| *byte == wanted).count();
    if count(b';') > count(b',') {
        b';'
    } else {
        b','
    }
}

/// Refuses what a CSV reader would take without a word, or hold in memory whole: a line without end, and a quote
/// that is never closed.
struct Guarded<R> {
    source: R,
    quoted: bool,
    line: i64,
    length: usize,
}

impl<R> Guarded<R> {
    const fn new(source: R) -> Guarded<R> {
        Guarded {
            source,
            quoted: false,
            line: 1,
            length: 0,
        }
    }
}

/// A fault of the file, carried through `io::Error`.
#[derive(Debug, thiserror::Error)]
#[error("{code}")]
struct Fault {
    line: i64,
    code: &'static str,
    message: &'static str,
}

impl<R: Read> Read for Guarded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let fault = |line, code, message| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                Fault {
                    line,
                    code,
                    message,
                },
            )
        };
        let count = self.source.read(buffer)?;
        if count == 0 && self.quoted {
            return Err(fault(
                self.line,
                "broken_quotes",
                "a quote is opened here and never closed",
            ));
        }
        let mut here = self.line;
        for byte in buffer.iter().take(count) {
            self.length += 1;
            match byte {
                b'"' => self.quoted = !self.quoted,
                b'\n' => {
                    here += 1;
                    if !self.quoted {
                        self.length = 0;
                        self.line = here;
                    }
                }
                _ => {}
            }
            if self.length > LINE_BYTES_MAX {
                return Err(fault(
                    self.line,
                    "line_too_long",
                    "is longer than 65,536 bytes; is a quote never closed?",
                ));
            }
        }
        Ok(count)
    }
}

fn broken(error: csv::Error) -> ReadError {
    broken_kind(error.into_kind())
}

fn broken_kind(kind: csv::ErrorKind) -> ReadError {
    match kind {
        csv::ErrorKind::Io(error) => match error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<Fault>())
        {
            Some(fault) => file_error(fault.line, fault.code, fault.message),
            None => ReadError::Source(error),
        },
        csv::ErrorKind::Utf8 { pos, .. } => file_error(
            pos.map_or(1, |pos| number(pos.line())),
            "not_utf8",
            "is not UTF-8",
        ),
        _ => file_error(1, "malformed", "is no CSV"),
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

fn number(line: u64) -> i64 {
    i64::try_from(line).unwrap_or(i64::MAX)
}
