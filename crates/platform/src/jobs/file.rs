//! The file of a job, read part by part: it is never in memory whole.

use std::io::{self, Read};

use super::store;
use crate::platform::db::Database;
use kernel::ids::JobId;

/// Reads a job's file from its parts.
pub struct JobFile<'a> {
    database: &'a Database,
    job: JobId,
    next_part: i32,
    part: io::Cursor<Vec<u8>>,
}

impl<'a> JobFile<'a> {
    pub fn new(database: &'a Database, job: JobId) -> JobFile<'a> {
        JobFile {
            database,
            job,
            next_part: 0,
            part: io::Cursor::default(),
        }
    }
}

impl Read for JobFile<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.part.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            let found = self
                .database
                .reader()
                .and_then(|mut db| store::find_part(&mut db, self.job, self.next_part))
                .map_err(io::Error::other)?;
            let Some(bytes) = found else {
                return Ok(0);
            };
            self.next_part += 1;
            self.part = io::Cursor::new(bytes);
        }
    }
}
