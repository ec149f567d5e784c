//! Controls are run, as a job, and signed off.

mod controls;

pub use controls::{CONTROLS, Control};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::input::{ControlRunIn, SignOffIn};
use super::model::{ControlOutcome, ControlResult, ControlRun, Period, Tested};
use super::store;
use crate::platform::db::{Change, DbError, Tx, write_json};
use crate::platform::jobs::actions as jobs;
use crate::platform::jobs::actions::JobsError;
use crate::platform::jobs::model::{Ended, JobStatus};
use crate::platform::jobs::worker::{Interrupted, JobContext, JobKind, Lane};
use crate::prove::sealing::model::Trust;
use kernel::clock::Clock;
use kernel::ids::ControlRunId;

/// How runs are done.
pub const JOB: JobKind = JobKind {
    name: "control_run",
    work,
    lane: Lane::Computations,
};

/// Why a use case on controls was refused.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    #[error("there is no such run")]
    Missing,
    #[error("the period ends before it begins")]
    Reversed,
    #[error("the period ends in the future")]
    InFuture,
    #[error("the run has not finished")]
    Unfinished,
    #[error("the run is signed off")]
    SignedOff,
    #[error("who ran the controls does not sign them off")]
    Own,
    #[error("the row has another version")]
    Stale,
    #[error(transparent)]
    Job(#[from] JobsError),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Which run a job is.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Plan {
    run_id: ControlRunId,
    from: NaiveDate,
    to: NaiveDate,
}

impl Plan {
    fn period(&self, clock: &Clock) -> Period {
        Period {
            first: self.from,
            last: self.to,
            start: clock.start_of(self.from),
            end: clock.end_of(self.to),
        }
    }
}

/// Begins a run of all controls over a period.
///
/// # Errors
/// When the period ends before it begins, or after today.
pub fn begin(tx: &mut Tx, input: &ControlRunIn) -> Result<ControlRun, ControlError> {
    let (from, to) = (input.from.date(), input.to.date());
    if to < from {
        return Err(ControlError::Reversed);
    }
    if to > tx.today() {
        return Err(ControlError::InFuture);
    }
    let job_id = jobs::begin(tx, JOB.name, "controls")?;
    let run = ControlRun {
        id: ControlRunId::new(),
        period_from: from,
        period_to: to,
        job_id,
        started_by: tx.caller().subject.clone(),
        started_at: tx.now(),
        finished_at: None,
        signed_off_by: None,
        signed_off_at: None,
        sign_off_note: None,
        version: 1,
    };
    let plan = Plan {
        run_id: run.id,
        from,
        to,
    };
    jobs::queue(tx, job_id, &plan, Some(super::rules::count(CONTROLS.len())))?;
    store::insert(tx, &run)?;
    tx.record(Change::new("control_run.started", run.id).after(&run))?;
    Ok(run)
}

/// Does a run: one control after the other, and then all results in one unit of work.
///
/// # Errors
/// When the work was interrupted before its end, and may be begun anew.
pub fn work(context: &JobContext) -> Result<Ended, Interrupted> {
    let plan: Plan = context.input()?;
    let database = context.database();
    let period = plan.period(database.clock());
    let trust: &Trust = context.tools()?;
    let total = super::rules::count(CONTROLS.len());
    let mut results: Vec<ControlResult> = Vec::new();
    for (control, position) in CONTROLS.iter().zip(0_i32..) {
        context.progress(i64::from(position), Some(total))?;
        let tested = (control.test)(&mut database.reader()?, &period, trust)?;
        results.push(result_of(plan.run_id, control, position, &tested)?);
    }
    database.write(context.caller(), |tx| finish(tx, plan.run_id, &results))?;
    let count = |status| results.iter().filter(|one| one.status == status).count();
    Ok(Ended {
        status: JobStatus::Succeeded,
        done: Some(total),
        result: json!({
            "control_run_id": plan.run_id,
            "passed": count(ControlOutcome::Passed),
            "exceptions": count(ControlOutcome::Exceptions),
            "not_testable": count(ControlOutcome::NotTestable),
        }),
        errors: Vec::new(),
    })
}

fn result_of(
    run_id: ControlRunId,
    control: &Control,
    position: i32,
    tested: &Tested,
) -> Result<ControlResult, DbError> {
    let status = tested.status();
    Ok(ControlResult {
        run_id,
        control: control.code,
        position,
        status,
        not_testable: tested
            .not_testable
            .filter(|_| status == ControlOutcome::NotTestable),
        population: tested.population,
        exception_count: tested.finding_count,
        exceptions: write_json(&tested.findings)?,
    })
}

/// Writes what was found, once: a worker that took the job from another finds it done.
fn finish(tx: &mut Tx, id: ControlRunId, results: &[ControlResult]) -> Result<(), DbError> {
    let Some(before) = store::find(tx, id)?.filter(|run| run.finished_at.is_none()) else {
        tx.is_its_own_record();
        return Ok(());
    };
    let finished = ControlRun {
        finished_at: Some(tx.now()),
        ..before.clone()
    };
    let Some(after) = store::update_if_unchanged(tx, &finished)? else {
        tx.is_its_own_record();
        return Ok(());
    };
    store::insert_results(tx, results)?;
    tx.record(
        Change::new("control_run.finished", id)
            .before(&before)
            .after(&after),
    )
}

/// Signs a run off.
///
/// # Errors
/// When it is not there, has not finished, is signed off, changed since `version`, or was begun by the same person.
pub fn sign_off(
    tx: &mut Tx,
    id: ControlRunId,
    version: i64,
    input: &SignOffIn,
) -> Result<ControlRun, ControlError> {
    let before = store::find(tx, id)?.ok_or(ControlError::Missing)?;
    if before.signed_off_at.is_some() {
        return Err(ControlError::SignedOff);
    }
    if before.version != version {
        return Err(ControlError::Stale);
    }
    if before.finished_at.is_none() {
        return Err(ControlError::Unfinished);
    }
    if before.started_by == tx.caller().subject {
        return Err(ControlError::Own);
    }
    let signed = ControlRun {
        signed_off_by: Some(tx.caller().subject.clone()),
        signed_off_at: Some(tx.now()),
        sign_off_note: Some(input.note.clone()),
        ..before.clone()
    };
    let after = store::update_if_unchanged(tx, &signed)?.ok_or(ControlError::Stale)?;
    tx.record(
        Change::new("control_run.signed_off", id)
            .before(&before)
            .after(&after)
            .because(&input.note),
    )?;
    Ok(after)
}
