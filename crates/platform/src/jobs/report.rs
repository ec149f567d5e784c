//! What a job found wrong, line by line and however much, as CSV: written in pieces while the job is done, and read
//! the same way.

use super::model::{Job, JobError, Remark, ReportPart, Severity};
use super::store;
use super::worker::{Interrupted, JobContext};
use crate::platform::db::{Db, DbError};
use crate::platform::http::csv::Cell;
use crate::platform::http::{Problem, csv};

/// How large the pieces are in which a report is kept.
const PIECE_BYTES: usize = 1024 * 1024;

/// As many remarks stand in the job's answer, and need no report beside it.
const IN_ANSWER: usize = 1_000;

/// The first line of every report.
///
/// # Errors
/// When a table can't be written.
pub fn header() -> Result<Vec<u8>, Problem> {
    let names = ["line", "severity", "column", "code", "message"].map(str::to_owned);
    csv::table(&names, std::iter::empty()).map_err(Problem::internal)
}

/// Remarks as lines of a report.
fn lines(remarks: &[Remark]) -> Result<Vec<u8>, Problem> {
    let rows = remarks.iter().map(|remark| {
        let said = &remark.said;
        let line = said.line.map(|line| line.to_string());
        vec![
            Cell::Plain(line.unwrap_or_default()),
            Cell::Plain(remark.severity.as_str().to_owned()),
            Cell::Text(said.column.clone().unwrap_or_default()),
            Cell::Plain(said.code.clone()),
            Cell::Text(said.message.clone()),
        ]
    });
    csv::rows(rows).map_err(Problem::internal)
}

/// Gathers remarks while a job is done.
#[derive(Debug, Default)]
pub struct ReportWriter {
    bytes: Vec<u8>,
    count: usize,
    next_part: i32,
}

impl ReportWriter {
    /// Adds remarks.
    ///
    /// # Errors
    /// When they can't be written as CSV.
    pub fn add(&mut self, remarks: &[Remark]) -> Result<(), Interrupted> {
        if remarks.is_empty() {
            return Ok(());
        }
        let lines = lines(remarks).map_err(|why| DbError::Document(why.to_string()))?;
        self.bytes.extend(lines);
        self.count += remarks.len();
        Ok(())
    }

    /// Keeps what was gathered, once it is a piece. Not to be called inside a unit of work.
    ///
    /// # Errors
    /// When the database fails.
    pub fn keep_piece(&mut self, context: &JobContext) -> Result<(), Interrupted> {
        while self.bytes.len() >= PIECE_BYTES {
            let rest = self.bytes.split_off(PIECE_BYTES);
            let piece = std::mem::replace(&mut self.bytes, rest);
            self.keep(context, &piece)?;
        }
        Ok(())
    }

    /// Keeps the rest, when there is more than the job's answer shows. Not to be called inside a unit of work.
    ///
    /// # Errors
    /// When the database fails.
    pub fn finish(mut self, context: &JobContext) -> Result<(), Interrupted> {
        if self.count <= IN_ANSWER && self.next_part == 0 {
            return Ok(());
        }
        self.keep_piece(context)?;
        let rest = std::mem::take(&mut self.bytes);
        self.keep(context, &rest)
    }

    fn keep(&mut self, context: &JobContext, bytes: &[u8]) -> Result<(), Interrupted> {
        let job = context.job();
        let part = ReportPart {
            job_id: job.id,
            attempt: job.attempts,
            part: self.next_part,
            bytes,
        };
        context
            .database()
            .maintain(context.caller(), |tx| store::insert_report_part(tx, &part))?;
        self.next_part += 1;
        Ok(())
    }
}

/// A piece of a job's report; none when there is no more.
///
/// # Errors
/// When the database fails.
pub fn piece(db: &mut Db, job: &Job, part: i32) -> Result<Option<Vec<u8>>, Problem> {
    let kept = store::find_report_part(db, job.id, job.attempts, part)?;
    if kept.is_some() || part > 0 {
        return Ok(kept);
    }
    // A short report is what the job's answer shows.
    let stored = |text: Option<&str>| -> serde_json::Value {
        let parsed = text.map(serde_json::from_str);
        parsed.and_then(Result::ok).unwrap_or_default()
    };
    let errors = stored(job.errors.as_deref());
    let warnings = stored(job.result.as_deref())
        .get("warnings")
        .cloned()
        .unwrap_or_default();
    let mut remarks = Vec::new();
    for (severity, list) in [(Severity::Error, errors), (Severity::Warning, warnings)] {
        let said: Vec<JobError> = serde_json::from_value(list).unwrap_or_default();
        remarks.extend(said.into_iter().map(|said| Remark { severity, said }));
    }
    Ok(Some(lines(&remarks)?))
}
