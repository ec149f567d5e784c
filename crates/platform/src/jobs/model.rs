//! A job as it is stored.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::platform::db::schema::{job_reports, jobs};
use kernel::clock::Instant;
use kernel::columns::text_enum;
use kernel::ids::JobId;

text_enum! {
    /// Where a job stands.
    pub enum JobStatus {
        /// Its file is still on its way; nobody sees it yet.
        Receiving = "receiving",
        Queued = "queued",
        Running = "running",
        Succeeded = "succeeded",
        Failed = "failed",
        Cancelled = "cancelled",
    }
}

impl JobStatus {
    /// Whether nothing will change any more.
    pub const fn has_ended(self) -> bool {
        matches!(
            self,
            JobStatus::Succeeded | JobStatus::Failed | JobStatus::Cancelled
        )
    }
}

/// A background job.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = jobs, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Job {
    pub id: JobId,
    /// Which work it is: the name that the server registered it under.
    pub kind: String,
    pub status: JobStatus,
    pub progress_done: i64,
    /// None while it is not known how much there is.
    pub progress_total: Option<i64>,
    pub progress_unit: String,
    /// What the work was asked to do, as JSON.
    pub input: String,
    pub result: Option<String>,
    pub errors: Option<String>,
    pub created_by: String,
    /// The caller as JSON: the work runs as them.
    pub caller: String,
    pub created_at: Instant,
    pub started_at: Option<Instant>,
    pub finished_at: Option<Instant>,
    /// Until when the worker that took it may be silent.
    pub lease_until: Option<Instant>,
    /// How often it was taken: also tells one worker's lease from the next one's.
    pub attempts: i32,
    pub cancel_requested_at: Option<Instant>,
    pub version: i64,
}

/// One thing that went wrong in a job, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobError {
    /// The line of the file, the header being 1; null when it is about no line.
    #[schema(minimum = 1, maximum = 200_000_000)]
    pub line: Option<i64>,
    /// The column of the line.
    #[schema(max_length = 200)]
    pub column: Option<String>,
    /// What is wrong, as a stable code.
    #[schema(max_length = 64, example = "malformed")]
    pub code: String,
    #[schema(max_length = 1000, example = "is not an amount")]
    pub message: String,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The line was refused.
    Error,
    /// It was not, and wants a look.
    Warning,
}

impl Severity {
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// One line of a job's report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    pub severity: Severity,
    pub said: JobError,
}

/// A piece of a report.
#[derive(Insertable)]
#[diesel(table_name = job_reports)]
pub struct ReportPart<'a> {
    pub job_id: JobId,
    /// Which attempt at the job wrote it: what an earlier one left counts no more.
    pub attempt: i32,
    pub part: i32,
    pub bytes: &'a [u8],
}

/// How a job ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// One that has ended.
    pub status: JobStatus,
    /// How much there was to do, when all of it is done.
    pub done: Option<i64>,
    pub result: serde_json::Value,
    pub errors: Vec<JobError>,
}

impl Ended {
    /// With nothing to show for it.
    pub const fn empty(status: JobStatus, errors: Vec<JobError>) -> Ended {
        Ended {
            status,
            done: None,
            result: serde_json::Value::Null,
            errors,
        }
    }

    pub fn failed(error: JobError) -> Ended {
        Ended::empty(JobStatus::Failed, vec![error])
    }
}
