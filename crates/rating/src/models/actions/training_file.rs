//! A training set in CSV, read row by row: UTF-8 with or without a byte order mark, commas or semicolons.

use std::cell::Cell;
use std::io::{self, BufRead as _, BufReader, Read};
use std::rc::Rc;

use csv::ByteRecord;

use crate::rating::models::model::FitPlan;
use crate::rating::models::rules::table::{Refusal, TrainingTable};

/// How much of a file is read at once.
const PIECE_BYTES: usize = 64 * 1024;

/// The longest that one row may be: beyond it a quote was opened and never closed, or it is no such file.
const ROW_BYTES_MAX: u64 = 1024 * 1024;

/// Why a file can't be read on.
#[derive(Debug)]
pub enum ReadError {
    /// The file itself is wrong.
    File(Refusal),
    /// The database failed.
    Source(io::Error),
}

impl From<Refusal> for ReadError {
    fn from(refusal: Refusal) -> ReadError {
        ReadError::File(refusal)
    }
}

/// A file whose header was found good.
pub struct TrainingFile<'p, R: Read> {
    reader: csv::Reader<Lines<R>>,
    allowed: Rc<Cell<u64>>,
    record: ByteRecord,
    table: TrainingTable<'p>,
}

impl<'p, R: Read> TrainingFile<'p, R> {
    /// Reads the header.
    ///
    /// # Errors
    /// When the file is empty, or its header is not what the plan asks for.
    pub fn open(source: R, plan: &'p FitPlan) -> Result<TrainingFile<'p, R>, ReadError> {
        let mut source = BufReader::with_capacity(PIECE_BYTES, source);
        let start = source.fill_buf().map_err(ReadError::Source)?;
        let mark = if start.starts_with(b"\xEF\xBB\xBF") {
            3
        } else {
            0
        };
        let delimiter = delimiter(start);
        source.consume(mark);
        let allowed = Rc::new(Cell::new(0));
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .terminator(csv::Terminator::Any(b'\n'))
            .from_reader(Lines::new(source, Rc::clone(&allowed)));
        let mut record = ByteRecord::new();
        allow(&reader, &allowed);
        if !read_record(&mut reader, &mut record)? {
            return Err(Refusal::new(Some(1), "empty_file", "the file is empty").into());
        }
        let names = texts(&record, 1)?;
        let header: Vec<String> = names.into_iter().map(str::to_owned).collect();
        let table = TrainingTable::new(plan, &header)?;
        Ok(TrainingFile {
            reader,
            allowed,
            record,
            table,
        })
    }

    /// Takes in so many more rows, and says how many there were.
    ///
    /// # Errors
    /// When a row is wrong, there is too much of it all, or the database fails.
    pub fn read(&mut self, most: usize) -> Result<usize, ReadError> {
        let mut read = 0;
        while read < most {
            allow(&self.reader, &self.allowed);
            if !read_record(&mut self.reader, &mut self.record)? {
                break;
            }
            let line = line_of(&self.reader, &self.record);
            let cells = texts(&self.record, line)?;
            read += 1;
            self.table.push(line, &cells)?;
        }
        Ok(read)
    }

    /// What was taken in.
    pub fn into_table(self) -> TrainingTable<'p> {
        self.table
    }
}

/// Lets the next row be as long as a row may be.
fn allow<R: Read>(reader: &csv::Reader<Lines<R>>, allowed: &Cell<u64>) {
    let piece = u64::try_from(PIECE_BYTES).unwrap_or(u64::MAX);
    let most = ROW_BYTES_MAX.saturating_add(piece);
    allowed.set(reader.position().byte().saturating_add(most));
}

fn read_record<R: Read>(
    reader: &mut csv::Reader<Lines<R>>,
    record: &mut ByteRecord,
) -> Result<bool, ReadError> {
    let line = reader.position().line();
    reader.read_byte_record(record).map_err(|error| {
        let at = i64::try_from(line).ok();
        match error.into_kind() {
            csv::ErrorKind::Io(error) if is_too_long(&error) => {
                let message = "is longer than 1 MiB: is a quote opened here and never closed?";
                ReadError::File(Refusal::new(at, "line_too_long", message))
            }
            csv::ErrorKind::Io(error) => ReadError::Source(error),
            _ => ReadError::File(Refusal::new(at, "malformed", "is no CSV")),
        }
    })
}

/// The line on which a record begins, as an editor shows it: every line ends with a line feed once it came through
/// [`Lines`], so it is that many lines before where the reader stands now.
fn line_of<R: Read>(reader: &csv::Reader<Lines<R>>, record: &ByteRecord) -> i64 {
    let pieces = record.as_slice().split(|byte| *byte == b'\n');
    let inside = pieces.count().saturating_sub(1);
    let after = i64::try_from(reader.position().line()).unwrap_or(i64::MAX);
    let inside = i64::try_from(inside).unwrap_or(i64::MAX);
    after.saturating_sub(1).saturating_sub(inside).max(1)
}

fn texts(record: &ByteRecord, line: i64) -> Result<Vec<&str>, ReadError> {
    let cell = |cell| std::str::from_utf8(cell).map(str::trim);
    let cells: Result<Vec<&str>, _> = record.iter().map(cell).collect();
    cells.map_err(|_| Refusal::new(Some(line), "not_utf8", "is not UTF-8").into())
}

/// The delimiter of a header: whatever it has more of.
fn delimiter(start: &[u8]) -> u8 {
    let line = start.split(|byte| matches!(byte, b'\n' | b'\r')).next();
    let count = |wanted: u8| {
        let cells = line.unwrap_or_default().split(|byte| *byte == wanted);
        cells.count()
    };
    if count(b';') > count(b',') {
        b';'
    } else {
        b','
    }
}

/// A row is longer than a row may be.
#[derive(Debug, thiserror::Error)]
#[error("a row is too long")]
struct TooLong;

fn is_too_long(error: &io::Error) -> bool {
    let Some(inner) = error.get_ref() else {
        return false;
    };
    inner.is::<TooLong>()
}

/// Makes a line feed of every end of a line, however it is written, ends the last line, and refuses to give more than
/// is allowed.
struct Lines<R> {
    source: BufReader<R>,
    allowed: Rc<Cell<u64>>,
    given: u64,
    last: u8,
    /// Whether the last byte that was read is a carriage return, whose line feed may come.
    after_return: bool,
}

impl<R> Lines<R> {
    const fn new(source: BufReader<R>, allowed: Rc<Cell<u64>>) -> Lines<R> {
        Lines {
            source,
            allowed,
            given: 0,
            last: b'\n',
            after_return: false,
        }
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given > self.allowed.get() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, TooLong));
        }
        loop {
            let piece = self.source.fill_buf()?;
            if piece.is_empty() {
                let ends = self.last == b'\n';
                self.last = b'\n';
                let Some(place) = buffer.first_mut().filter(|_| !ends) else {
                    return Ok(0);
                };
                *place = b'\n';
                return Ok(1);
            }
            let (mut taken, mut written) = (0, 0);
            let mut places = buffer.iter_mut();
            for byte in piece {
                let after_return = std::mem::replace(&mut self.after_return, *byte == b'\r');
                if *byte == b'\n' && after_return {
                    taken += 1;
                    continue;
                }
                let Some(place) = places.next() else {
                    self.after_return = after_return;
                    break;
                };
                self.last = if *byte == b'\r' { b'\n' } else { *byte };
                *place = self.last;
                taken += 1;
                written += 1;
            }
            self.source.consume(taken);
            if written > 0 {
                self.given = self
                    .given
                    .saturating_add(u64::try_from(written).unwrap_or(u64::MAX));
                return Ok(written);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> FitPlan {
        let plan = serde_json::json!({
            "code": "M", "name": "M", "kind": "scorecard", "target": {"column": "y", "bad": "bad"}, "reason": "x",
        });
        serde_json::from_value(plan).unwrap()
    }

    /// The line and the code of what is wrong with a file.
    fn wrong(file: &[u8]) -> (Option<i64>, &'static str) {
        let plan = plan();
        let read = TrainingFile::open(file, &plan).and_then(|mut file| file.read(1_000_000));
        match read.unwrap_err() {
            ReadError::File(refusal) => (refusal.line, refusal.code),
            ReadError::Source(error) => panic!("{error}"),
        }
    }

    #[test]
    fn lines_are_counted_as_an_editor_shows_them() {
        let here = (Some(5), "word_among_numbers");
        assert_eq!(wrong(b"x,y\n1,good\n\n2,bad\nhigh,good\n"), here);
        assert_eq!(wrong(b"x,y\r\n1,good\r\n\r\n2,bad\r\nhigh,good\r\n"), here);
        assert_eq!(wrong(b"x,y\r1,good\r\r2,bad\rhigh,good"), here);
        assert_eq!(
            wrong(b"\xEF\xBB\xBFx;y\n1;good\n\n2;\"b\nd\"\nhigh;good"),
            (Some(6), "word_among_numbers")
        );
        assert_eq!(
            wrong(b"x,y\n1,good,3\n"),
            (Some(2), "wrong_number_of_cells")
        );
        assert_eq!(wrong(b"x,y\n\xFF,good\n"), (Some(2), "not_utf8"));
        assert_eq!(wrong(b""), (Some(1), "empty_file"));
    }

    #[test]
    fn a_quote_that_is_never_closed_is_refused_before_the_file_is_in_memory() {
        let mut file = b"x,y\n1,good\n\"2,bad\n".to_vec();
        file.extend(std::iter::repeat_n(b"3,good\n", 1_000_000).flatten());
        assert_eq!(wrong(&file), (Some(3), "line_too_long"));
    }
}
