//! A file cut into records: CSV as RFC 4180 has it, with the line on which each begins, as an editor shows it.
//!
//! A record whose quotes are broken costs the line on which it begins, and reading goes on with the next one.

use std::io::{self, Read};

/// The longest that one record may be.
pub const RECORD_BYTES_MAX: usize = 64 * 1024;

/// How much is read ahead.
const WINDOW_BYTES: usize = 4 * RECORD_BYTES_MAX;

/// Why a line is no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A quote stands inside a cell, or one is opened and never closed.
    BrokenQuotes,
    TooLong,
}

impl Fault {
    pub const fn code(self) -> &'static str {
        match self {
            Fault::BrokenQuotes => "broken_quotes",
            Fault::TooLong => "line_too_long",
        }
    }

    pub const fn message(self) -> &'static str {
        match self {
            Fault::BrokenQuotes => {
                "has a quote inside a cell, or one that is never closed; a cell with quotes is quoted whole, and each quote in it is doubled"
            }
            Fault::TooLong => "is longer than 65,536 bytes",
        }
    }
}

/// The cells of one record, used again for the next.
#[derive(Debug, Default)]
pub struct Cells {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Cells {
    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    fn end(&mut self) {
        self.ends.push(self.bytes.len());
    }

    pub const fn count(&self) -> usize {
        self.ends.len()
    }

    /// Whether nothing stands in any cell.
    pub fn is_blank(&self) -> bool {
        !self.bytes.iter().any(u8::is_ascii_graphic)
            && std::str::from_utf8(&self.bytes).is_ok_and(|text| text.trim().is_empty())
    }

    /// The texts without blanks around them; none when one is no UTF-8.
    pub fn texts(&self) -> Option<Vec<&str>> {
        let mut start = 0;
        self.ends
            .iter()
            .map(|end| {
                let cell = self.bytes.get(start..*end)?;
                start = *end;
                std::str::from_utf8(cell).ok().map(str::trim)
            })
            .collect()
    }
}

/// Reads records from a source.
#[derive(Debug)]
pub struct Records<R> {
    source: R,
    window: Vec<u8>,
    /// Where in the window the next record begins.
    at: usize,
    /// Whether the source has no more.
    drained: bool,
    delimiter: u8,
    line: i64,
}

impl<R: Read> Records<R> {
    /// Passes over a byte order mark, and finds the delimiter: whatever the first line that is not blank has most of
    /// outside quotes, of commas, semicolons and tabs.
    ///
    /// # Errors
    /// When the source fails.
    pub fn new(source: R) -> io::Result<Records<R>> {
        let mut records = Records {
            source,
            window: Vec::with_capacity(WINDOW_BYTES),
            at: 0,
            drained: false,
            delimiter: b',',
            line: 1,
        };
        records.fill()?;
        if records.window.starts_with(b"\xEF\xBB\xBF") {
            records.at = 3;
        }
        records.delimiter = delimiter(records.rest());
        Ok(records)
    }

    fn rest(&self) -> &[u8] {
        self.window.get(self.at..).unwrap_or_default()
    }

    /// Reads ahead, so that a whole record and its end are in the window, as long as the source has so much.
    fn fill(&mut self) -> io::Result<()> {
        if self.drained || self.rest().len() > RECORD_BYTES_MAX + 2 {
            return Ok(());
        }
        self.window.drain(..self.at);
        self.at = 0;
        let mut have = self.window.len();
        self.window.resize(WINDOW_BYTES, 0);
        while let Some(room) = self.window.get_mut(have..)
            && !room.is_empty()
        {
            match self.source.read(room) {
                Ok(0) => {
                    self.drained = true;
                    break;
                }
                Ok(count) => have += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.window.truncate(have);
        Ok(())
    }

    /// The next record that is not blank, with its line; none at the end.
    ///
    /// # Errors
    /// When the source fails.
    pub fn next(&mut self, cells: &mut Cells) -> io::Result<Option<(i64, Result<(), Fault>)>> {
        loop {
            self.fill()?;
            if self.rest().is_empty() {
                return Ok(None);
            }
            let line = self.line;
            let scanned = scan(self.rest(), self.delimiter, cells);
            self.at += scanned.bytes;
            self.line += scanned.lines;
            if !scanned.is_whole {
                self.pass_line()?;
            }
            match scanned.fault {
                Some(fault) => return Ok(Some((line, Err(fault)))),
                None if cells.is_blank() => {}
                None => return Ok(Some((line, Ok(())))),
            }
        }
    }

    /// Passes over the rest of a line that is too long to be looked at.
    fn pass_line(&mut self) -> io::Result<()> {
        loop {
            self.fill()?;
            let rest = self.rest();
            if rest.is_empty() {
                return Ok(());
            }
            match rest.iter().position(|byte| is_line_end(*byte)) {
                None => self.at += rest.len(),
                // It may be half of a line's end.
                Some(place) if place + 1 == rest.len() && !self.drained => self.at += place,
                Some(place) => {
                    self.at += place + line_end(rest, place);
                    self.line += 1;
                    return Ok(());
                }
            }
        }
    }
}

const fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// How many bytes end a line at this place: LF, CR, or CR LF.
fn line_end(bytes: &[u8], place: usize) -> usize {
    if bytes.get(place) == Some(&b'\r') && bytes.get(place + 1) == Some(&b'\n') {
        2
    } else {
        1
    }
}

/// What was found at the beginning of some bytes.
#[derive(Debug, PartialEq, Eq)]
struct Scanned {
    bytes: usize,
    lines: i64,
    fault: Option<Fault>,
    /// Whether `bytes` go to the end of a line.
    is_whole: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing of the cell was seen.
    Start,
    Plain,
    Quoted,
    /// A quote in a quoted cell: its end, or half of a doubled quote.
    Quote,
}

/// Reads one record into `cells`.
fn scan(bytes: &[u8], delimiter: u8, cells: &mut Cells) -> Scanned {
    cells.clear();
    let mut state = State::Start;
    let (mut place, mut lines) = (0, 0);
    let mut first_line = None;
    while let Some(byte) = bytes.get(place).copied() {
        if place > RECORD_BYTES_MAX {
            let fault = first_line.map_or(Fault::TooLong, |_| Fault::BrokenQuotes);
            return broken(bytes, fault, first_line);
        }
        state = match (state, byte) {
            (State::Quoted, b'"') => State::Quote,
            (State::Quoted, byte) if is_line_end(byte) => {
                let length = line_end(bytes, place);
                let end = bytes.get(place..place + length).unwrap_or_default();
                cells.bytes.extend_from_slice(end);
                place += length;
                lines += 1;
                first_line = first_line.or(Some(place));
                continue;
            }
            (_, byte) if byte == delimiter && state != State::Quoted => {
                cells.end();
                State::Start
            }
            (State::Start | State::Plain | State::Quote, byte) if is_line_end(byte) => {
                cells.end();
                return Scanned {
                    bytes: place + line_end(bytes, place),
                    lines: lines + 1,
                    fault: None,
                    is_whole: true,
                };
            }
            (State::Start, b'"') => State::Quoted,
            // A doubled quote.
            (State::Quote, b'"') => {
                cells.bytes.push(byte);
                State::Quoted
            }
            (State::Quote, b' ' | b'\t') => State::Quote,
            (State::Plain, b'"') | (State::Quote, _) => {
                return broken(bytes, Fault::BrokenQuotes, first_line);
            }
            (State::Quoted, byte) => {
                cells.bytes.push(byte);
                State::Quoted
            }
            // Blanks in front of a quote belong to nothing.
            (State::Start, b' ') => State::Start,
            (State::Start | State::Plain, byte) => {
                cells.bytes.push(byte);
                State::Plain
            }
        };
        place += 1;
    }
    if state == State::Quoted {
        return broken(bytes, Fault::BrokenQuotes, first_line);
    }
    cells.end();
    Scanned {
        bytes: place,
        lines: 1,
        fault: None,
        is_whole: true,
    }
}

/// A record that is none: what is passed over for it is the line on which it begins.
fn broken(bytes: &[u8], fault: Fault, first_line: Option<usize>) -> Scanned {
    let place = bytes.iter().position(|byte| is_line_end(*byte));
    // A line's end at the end of what is here may be half of one.
    let whole = place.filter(|place| place + 1 < bytes.len());
    let end = first_line.or_else(|| whole.map(|place| place + line_end(bytes, place)));
    Scanned {
        bytes: end.or(place).unwrap_or(bytes.len()),
        lines: i64::from(end.is_some()),
        fault: Some(fault),
        is_whole: end.is_some(),
    }
}

/// The delimiter of a header.
fn delimiter(start: &[u8]) -> u8 {
    let mut quoted = false;
    let mut seen = false;
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    for byte in start {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if seen && !quoted => break,
            _ => {}
        }
        seen |= !byte.is_ascii_whitespace();
        let count = counts.iter_mut().find(|(known, _)| known == byte);
        if let Some((_, count)) = count.filter(|_| !quoted) {
            *count += 1;
        }
    }
    let most = counts.iter().rev().max_by_key(|(_, count)| *count);
    most.map_or(b',', |(delimiter, _)| *delimiter)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Line = (i64, Result<Vec<String>, Fault>);

    fn read(text: &[u8]) -> Vec<Line> {
        let mut records = Records::new(text).unwrap();
        let mut cells = Cells::default();
        let mut lines = Vec::new();
        while let Some((line, found)) = records.next(&mut cells).unwrap() {
            let texts = |cells: &Cells| -> Vec<String> {
                let texts = cells.texts().unwrap();
                texts.into_iter().map(str::to_owned).collect()
            };
            lines.push((line, found.map(|()| texts(&cells))));
        }
        lines
    }

    fn row(line: i64, cells: &[&str]) -> Line {
        (line, Ok(cells.iter().map(ToString::to_string).collect()))
    }

    #[test]
    fn lines_are_counted_as_an_editor_does() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["a,b", "", "", "1,\"x", "y\"", ",", " , ", "2,z"].join(end);
            let quoted = format!("x{end}y");
            let expected = [
                row(1, &["a", "b"]),
                row(4, &["1", &quoted]),
                row(8, &["2", "z"]),
            ];
            assert_eq!(read(text.as_bytes()), expected, "{end:?}");
        }
    }

    #[test]
    fn a_broken_quote_costs_its_line() {
        let fault = |line| (line, Err(Fault::BrokenQuotes));
        let text =
            b"a,b\n1,5\" pipe\n2,\"5\" pipe\"\n3,\"open\n4,fine\n5,\"a \"\"b\"\"\"\n6,\"never\n";
        let expected = [
            row(1, &["a", "b"]),
            fault(2),
            fault(3),
            fault(4),
            row(5, &["4", "fine"]),
            row(6, &["5", "a \"b\""]),
            fault(7),
        ];
        assert_eq!(read(text), expected);
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over() {
        for content in [
            "x".repeat(RECORD_BYTES_MAX + 5),
            "x".repeat(9 * WINDOW_BYTES),
        ] {
            for end in ["\n", "\r\n", "\r"] {
                let text = format!("a,b{end}1,{content}{end}2,\"{content}\"{end}3,z{end}");
                let lines = read(text.as_bytes());
                assert_eq!(
                    lines[1..3],
                    [(2, Err(Fault::TooLong)), (3, Err(Fault::TooLong))]
                );
                assert_eq!(lines[3], row(4, &["3", "z"]), "{end:?}");
            }
        }
    }

    #[test]
    fn the_delimiter_is_found_outside_quotes() {
        assert_eq!(delimiter(b"\r\n\"a,b,c\";d\r1,2,3,4"), b';');
        assert_eq!(delimiter(b"a\tb\tc\n"), b'\t');
        assert_eq!(delimiter(b"a"), b',');
    }

    proptest! {
        /// What is written as RFC 4180 has it is read as it was, in whatever pieces it comes, each record on its line.
        #[test]
        fn what_is_written_is_read(
            rows in prop::collection::vec(prop::collection::vec("[a-z\",;\n ]{0,6}[a-z]", 2..4), 1..20),
        ) {
            let mut text = "x,y,z\n".to_owned();
            let mut expected = vec![row(1, &["x", "y", "z"])];
            let mut line = 2;
            for cells in &rows {
                let quoted: Vec<String> =
                    cells.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect();
                text.push_str(&quoted.join(","));
                text.push('\n');
                expected.push((line, Ok(cells.iter().map(|cell| cell.trim().to_owned()).collect())));
                line += 1 + i64::try_from(text.matches('\n').count()).unwrap() - line;
            }
            prop_assert_eq!(read(text.as_bytes()), expected);
        }

        /// Whatever the bytes are, every line is passed once and reading ends.
        #[test]
        fn any_bytes_are_read_to_their_end(bytes in prop::collection::vec(prop::sample::select(b"a,;\"\r\n \xFF".to_vec()), 0..200)) {
            let lines: Vec<i64> = {
                let mut records = Records::new(bytes.as_slice()).unwrap();
                let mut cells = Cells::default();
                let mut lines = Vec::new();
                while let Some((line, _)) = records.next(&mut cells).unwrap() {
                    lines.push(line);
                }
                lines
            };
            prop_assert!(lines.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }
}
