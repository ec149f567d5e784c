//! Large runs: jobs that preview and issue them, slice by slice.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{DunningError, issue, preview};
use crate::collect::dunning::model::{Run, RunStatus};
use crate::platform::db::{Db, DbError, Tx};
use crate::platform::jobs::actions as jobs;
use crate::platform::jobs::actions::JobsError;
use crate::platform::jobs::model::{Ended, JobStatus};
use crate::platform::jobs::worker::{Interrupted, JobContext, JobKind, Lane};
use kernel::ids::{DunningRunId, JobId};

/// How many lines are previewed, or issued, before the request is answered.
pub const AT_ONCE_MAX: i64 = 1_000;

/// How many customers are worked on at once, at most.
pub(super) const CUSTOMERS_AT_ONCE: i64 = 500;

/// How many lines are worked on at once, at most: unless one customer has more.
pub(super) const LINES_AT_ONCE: i64 = 10_000;

/// The names of the jobs.
pub(super) const PREVIEW_KIND: &str = "dunning_preview";
pub(super) const ISSUE_KIND: &str = "dunning_issue";

/// What previews a large run.
pub const PREVIEW_JOB: JobKind = JobKind {
    name: PREVIEW_KIND,
    work: |context| work(context, RunStatus::Previewing, preview::preview_slice),
    lane: Lane::Day,
};

/// What issues a large run.
pub const ISSUE_JOB: JobKind = JobKind {
    name: ISSUE_KIND,
    work: |context| work(context, RunStatus::Issuing, issue::issue_slice),
    lane: Lane::Day,
};

/// What a job is asked to do.
#[derive(Debug, Serialize, Deserialize)]
struct Plan {
    run: DunningRunId,
}

/// Queues the work on a run.
pub(super) fn queue(
    tx: &mut Tx,
    kind: &str,
    run: &Run,
    total: i64,
) -> Result<JobId, DunningError> {
    let id = jobs::begin(tx, kind, "lines")?;
    jobs::queue(tx, id, &Plan { run: run.id }, Some(total)).map_err(|error| match error {
        JobsError::Db(error) => error,
        other => DbError::Document(other.to_string()),
    })?;
    Ok(id)
}

/// Whether nobody works on a run any more.
pub(super) fn has_ended(db: &mut Db, job: Option<JobId>) -> Result<bool, DunningError> {
    let Some(job) = job else {
        return Ok(true);
    };
    Ok(jobs::has_ended(db, job)?)
}

/// Works on a run until it stands otherwise. What was cut off goes on where it was: the run itself knows how far it is.
fn work(
    context: &JobContext,
    during: RunStatus,
    slice: fn(&mut Tx, DunningRunId) -> Result<Run, DunningError>,
) -> Result<Ended, Interrupted> {
    let Plan { run } = context.input()?;
    loop {
        let run = context
            .database()
            .write(context.caller(), |tx| slice(tx, run).map_err(plain))?;
        if run.status != during {
            return Ok(Ended {
                status: JobStatus::Succeeded,
                done: Some(run.progress_done),
                result: json!({
                    "dunning_run_id": run.id, "status": run.status, "notices": run.notices, "lines": run.lines,
                }),
                errors: Vec::new(),
            });
        }
        context.progress(run.progress_done, Some(run.progress_total))?;
    }
}

fn plain(error: DunningError) -> DbError {
    match error {
        DunningError::Db(error) => error,
        other => DbError::Document(other.to_string()),
    }
}
