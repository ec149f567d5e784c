//! A file that a job makes: written in pieces of one size while it is made, and read from any place.
//!
//! It is kept beside reports, in parts whose numbers are below nought, so that no report shows it, and under the attempt that
//! made it: what an attempt left behind that was cut off counts no more.

use std::io::{self, Write};

use aws_lc_rs::digest::{Context, SHA256};

use super::model::ReportPart;
use super::store;
use super::worker::JobContext;
use crate::platform::db::{Database, Db, DbError};
use kernel::caller::Caller;
use kernel::ids::JobId;

/// How large the pieces are, but the last.
pub const PIECE_BYTES: usize = 1024 * 1024;

/// Writes the file of a job. Not to be used inside a unit of work.
pub struct JobOutput {
    database: Database,
    caller: Caller,
    job: JobId,
    attempt: i32,
    next_part: i32,
    piece: Vec<u8>,
    bytes: i64,
    digest: Context,
}

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub attempt: i32,
    pub bytes: i64,
    /// In hexadecimal.
    pub sha256: String,
}

impl JobOutput {
    pub fn new(context: &JobContext) -> JobOutput {
        JobOutput {
            database: context.database().clone(),
            caller: context.caller().clone(),
            job: context.job().id,
            attempt: context.job().attempts,
            next_part: 0,
            piece: Vec::with_capacity(PIECE_BYTES),
            bytes: 0,
            digest: Context::new(&SHA256),
        }
    }

    /// Keeps the rest.
    ///
    /// # Errors
    /// When the database fails.
    pub fn finish(mut self) -> io::Result<Written> {
        if !self.piece.is_empty() {
            self.keep()?;
        }
        Ok(Written {
            attempt: self.attempt,
            bytes: self.bytes,
            sha256: hex(self.digest.finish().as_ref()),
        })
    }

    fn keep(&mut self) -> io::Result<()> {
        let part = ReportPart {
            job_id: self.job,
            attempt: self.attempt,
            part: number_of(self.next_part),
            bytes: &self.piece,
        };
        self.database
            .maintain(&self.caller, |tx| store::insert_report_part(tx, &part))
            .map_err(io::Error::other)?;
        self.next_part += 1;
        self.piece.clear();
        Ok(())
    }
}

impl Write for JobOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = PIECE_BYTES.saturating_sub(self.piece.len());
        let taken = bytes.get(..room).unwrap_or(bytes);
        self.piece.extend_from_slice(taken);
        self.digest.update(taken);
        self.bytes += i64::try_from(taken.len()).map_err(io::Error::other)?;
        if self.piece.len() >= PIECE_BYTES {
            self.keep()?;
        }
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What went wrong while the file was written: the database's own error where it was that.
pub fn failure(error: io::Error) -> DbError {
    error
        .downcast::<DbError>()
        .unwrap_or_else(|error| DbError::Document(error.to_string()))
}

/// A piece of a file; none behind its end.
///
/// # Errors
/// When the database fails.
pub fn piece(db: &mut Db, job: JobId, attempt: i32, part: i32) -> Result<Option<Vec<u8>>, DbError> {
    store::find_report_part(db, job, attempt, number_of(part))
}

/// Under which number a piece is kept, counted from nought.
const fn number_of(piece: i32) -> i32 {
    -1 - piece
}

/// Bytes in hexadecimal.
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a text does not fail.
        _ = write!(text, "{byte:02x}");
        text
    })
}
