//! Large runs: jobs that preview and issue them, slice by slice.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{DunningError, issue, preview};
use crate::collect::dunning::model::{Run, RunScope, RunStatus};
use crate::collect::dunning::{rules, store};
use crate::platform::db::{Change, Db, DbError, Tx};
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
const DAY_KIND: &str = "dunning_day";

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

/// What runs the procedures whose schedule is for today.
pub const DAY_JOB: JobKind = JobKind {
    name: DAY_KIND,
    work: work_day,
    lane: Lane::Day,
};

/// What a day's job is asked to do: the procedures say it.
#[derive(Debug, Serialize, Deserialize)]
struct DayPlan {}

/// What a job is asked to do.
#[derive(Debug, Serialize, Deserialize)]
struct Plan {
    run: DunningRunId,
}

/// Queues the work on a run.
pub(super) fn queue(tx: &mut Tx, kind: &str, run: &Run, total: i64) -> Result<JobId, DunningError> {
    let id = jobs::begin(tx, kind, "lines")?;
    jobs::queue(tx, id, &Plan { run: run.id }, Some(total)).map_err(of_jobs)?;
    Ok(id)
}

/// Whether nobody works on a run any more.
pub(super) fn has_ended(db: &mut Db, job: Option<JobId>) -> Result<bool, DunningError> {
    let Some(job) = job else {
        return Ok(true);
    };
    Ok(jobs::has_ended(db, job)?)
}

/// Queues the runs of a business day that begins, when the live version of a procedure asks for some that another person
/// approved.
///
/// # Errors
/// When the database fails.
pub fn begin_day(tx: &mut Tx) -> Result<(), DunningError> {
    let today = tx.today();
    for live in store::list_live_procedure_versions(tx)? {
        let schedule = rules::approved_schedule(&live, live.says()?.schedule);
        if schedule.is_some_and(|schedule| schedule.is_due(today)) {
            let id = jobs::begin(tx, DAY_KIND, "lines")?;
            jobs::queue(tx, id, &DayPlan {}, None).map_err(of_jobs)?;
            return Ok(());
        }
    }
    Ok(())
}

/// Sends what a schedule sends by itself, and leaves the rest to a person. What was cut off goes on where it was: the
/// runs of a job are made once.
fn work_day(context: &JobContext) -> Result<Ended, Interrupted> {
    let (database, caller) = (context.database(), context.caller());
    let runs = database.write(caller, |tx| open_day(tx, context.job().id).map_err(plain))?;
    let mut told = Vec::new();
    for run in runs {
        let step = |work: fn(&mut Tx, DunningRunId) -> Result<Run, DunningError>| {
            database.write(caller, |tx| work(tx, run.id).map_err(plain))
        };
        let mut run = run.clone();
        while run.status == RunStatus::Previewing {
            run = step(preview::preview_slice)?;
            context.progress(run.progress_done, Some(run.progress_total))?;
        }
        if run.scope == RunScope::Unattended && run.status == RunStatus::Previewed {
            run = step(issue::release)?;
        }
        while run.status == RunStatus::Issuing {
            run = step(issue::issue_slice)?;
            context.progress(run.progress_done, Some(run.progress_total))?;
        }
        told.push(json!({
            "dunning_run_id": run.id, "scope": run.scope, "status": run.status, "notices": run.notices,
        }));
    }
    Ok(Ended {
        status: JobStatus::Succeeded,
        done: None,
        result: json!({"runs": told}),
        errors: Vec::new(),
    })
}

/// The runs of a day: what goes out by itself first, so that the other one does not propose it again.
fn open_day(tx: &mut Tx, job: JobId) -> Result<Vec<Run>, DunningError> {
    let found = store::list_runs_of_job(tx, job)?;
    if !found.is_empty() {
        return Ok(found);
    }
    let mut runs = Vec::new();
    for scope in [RunScope::Unattended, RunScope::Attended] {
        let run = Run {
            job_id: Some(job),
            ..preview::open(tx, None, scope)?
        };
        store::insert_run(tx, &run)?;
        tx.record(Change::new("dunning_run.begun", run.id).after(&run))?;
        runs.push(run);
    }
    Ok(runs)
}

fn of_jobs(error: JobsError) -> DbError {
    match error {
        JobsError::Db(error) => error,
        other => DbError::Document(other.to_string()),
    }
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
