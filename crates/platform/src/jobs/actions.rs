//! What is done with jobs: receive and queue them, cancel them, and, for the worker, take and end them.

use chrono::Duration;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::model::{Ended, Job, JobError, JobStatus};
use super::store;
pub use super::store::Wanted;
use crate::platform::db::{Change, Database, Db, DbError, Tx, fault, write_document};
use kernel::caller::{Caller, Role};
use kernel::ids::JobId;

/// How long a worker may be silent before its job is anybody's again. The watch beside every job renews it every five
/// seconds, whatever the work does, so that a job is begun anew soon after its server was killed.
pub const LEASE_SECONDS: i64 = 20;

/// How often a job is taken before it is given up.
pub const ATTEMPTS_MAX: i32 = 3;

/// Uploads that have not ended after this time never will.
const RECEIVING_HOURS_MAX: i64 = 1;

/// Why a use case on jobs was refused.
#[derive(Debug, thiserror::Error)]
pub enum JobsError {
    #[error("there is no such job")]
    Missing,
    #[error("the job is another person's")]
    NotOwn,
    #[error("the job is {0}")]
    Ended(JobStatus),
    #[error("the job changed meanwhile")]
    Stale,
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Begins a job whose file is still to come; nobody sees it before [`queue`].
///
/// # Errors
/// When the database fails.
pub fn begin(tx: &mut Tx, kind: &str, unit: &str) -> Result<JobId, DbError> {
    let job = Job {
        id: JobId::new(),
        kind: kind.to_owned(),
        status: JobStatus::Receiving,
        progress_done: 0,
        progress_total: None,
        progress_unit: unit.to_owned(),
        input: "{}".to_owned(),
        result: None,
        errors: None,
        created_by: tx.caller().subject.to_string(),
        caller: write_document(tx.caller())?,
        created_at: tx.now(),
        started_at: None,
        finished_at: None,
        lease_until: None,
        attempts: 0,
        cancel_requested_at: None,
        version: 1,
    };
    store::insert(tx, &job)?;
    Ok(job.id)
}

/// Adds a part to the file of a job that is being received.
///
/// # Errors
/// When the database fails.
pub fn append(tx: &mut Tx, job: JobId, part: i32, bytes: &[u8]) -> Result<(), DbError> {
    store::insert_part(tx, job, part, bytes)
}

/// Queues a job that was received.
///
/// # Errors
/// When it was forgotten meanwhile because its file took too long.
pub fn queue(
    tx: &mut Tx,
    id: JobId,
    input: &(impl Serialize + DeserializeOwned),
    total: Option<i64>,
) -> Result<Job, JobsError> {
    let received = store::find_receiving(tx, id)?.ok_or(JobsError::Missing)?;
    let job = Job {
        status: JobStatus::Queued,
        input: write_document(input)?,
        progress_total: total,
        ..received
    };
    let job = store::update_if_unchanged(tx, &job)?.ok_or(JobsError::Stale)?;
    tx.record(Change::new("job.queued", job.id).after(input))?;
    Ok(job)
}

/// Forgets a job that was not queued in the end.
///
/// # Errors
/// When the database fails.
pub fn discard(tx: &mut Tx, id: JobId) -> Result<(), DbError> {
    store::discard(tx, Some(id), None)
}

/// Forgets uploads that broke off with the process that received them.
///
/// # Errors
/// When the database fails.
pub fn discard_broken_off(tx: &mut Tx) -> Result<(), DbError> {
    let before = tx.now().plus(-Duration::hours(RECEIVING_HOURS_MAX));
    store::discard(tx, None, Some(before))
}

/// Whether the caller sees everybody's jobs, and not just their own.
pub fn sees_all(caller: &Caller) -> bool {
    caller.has_any(&[Role::Credit, Role::Finance, Role::Auditor, Role::Admin])
}

/// The job, unless it is hidden from the caller.
///
/// # Errors
/// When there is no such job for the caller.
pub fn find_visible(db: &mut Db, caller: &Caller, id: JobId) -> Result<Job, JobsError> {
    store::find(db, id)?
        .filter(|job| sees_all(caller) || job.created_by == caller.subject.as_str())
        .ok_or(JobsError::Missing)
}

/// Cancels a job: at once while it waits, else at its next step.
///
/// # Errors
/// When it is not there, another's, or has ended.
pub fn cancel(tx: &mut Tx, id: JobId) -> Result<Job, JobsError> {
    let caller = tx.caller();
    loop {
        let before = find_visible(tx, caller, id)?;
        let own = before.created_by == caller.subject.as_str();
        if !own && !caller.has_any(&[Role::Credit, Role::Finance, Role::Admin]) {
            return Err(JobsError::NotOwn);
        }
        if before.status.has_ended() {
            return Err(JobsError::Ended(before.status));
        }
        let mut after = before.clone();
        after.cancel_requested_at = before.cancel_requested_at.or(Some(tx.now()));
        if before.status == JobStatus::Queued {
            after.status = JobStatus::Cancelled;
            after.finished_at = Some(tx.now());
        }
        // A worker may have taken it or reported progress just now: then look again.
        let Some(after) = store::update_if_unchanged(tx, &after)? else {
            continue;
        };
        if after.status.has_ended() {
            store::delete_parts(tx, id)?;
        }
        tx.record(
            Change::new("job.cancelled", id)
                .before(&before.status)
                .after(&after.status),
        )?;
        return Ok(after);
    }
}

/// Whether a job that is wanted waits, or was left behind.
///
/// # Errors
/// When the database fails.
pub fn is_waiting(database: &Database, wanted: Wanted<'_>) -> Result<bool, DbError> {
    store::is_waiting(&mut database.reader()?, wanted)
}

/// Takes the next job that is wanted, when there is one. A job that was taken too often is given up instead.
///
/// # Errors
/// When the database fails.
pub fn take(tx: &mut Tx, wanted: Wanted<'_>) -> Result<Option<Job>, DbError> {
    while let Some(found) = store::lock_next(tx, wanted)? {
        if found.attempts >= ATTEMPTS_MAX {
            give_up(tx, &found)?;
            continue;
        }
        let job = Job {
            status: JobStatus::Running,
            attempts: found.attempts + 1,
            started_at: found.started_at.or(Some(tx.now())),
            lease_until: Some(tx.now().plus(Duration::seconds(LEASE_SECONDS))),
            ..found
        };
        let taken = store::update_if_unchanged(tx, &job)?;
        // An attempt that was given back is counted anew.
        store::delete_report_of(tx, job.id, job.attempts)?;
        fault("job_taken")?;
        return Ok(taken);
    }
    Ok(None)
}

fn give_up(tx: &mut Tx, job: &Job) -> Result<(), DbError> {
    let error = JobError {
        line: None,
        column: None,
        code: "gave_up".to_owned(),
        message: format!("the work was begun {ATTEMPTS_MAX} times and never ended"),
    };
    end(tx, job, &Ended::failed(error))
}

/// Ends a job, unless its lease ran out and another worker has it.
///
/// # Errors
/// When the database fails.
pub fn end(tx: &mut Tx, job: &Job, ended: &Ended) -> Result<(), DbError> {
    let (result, errors) = (
        write_document(&ended.result)?,
        write_document(&ended.errors)?,
    );
    if store::finish(tx, job, ended, &result, &errors)? {
        store::delete_parts(tx, job.id)?;
    }
    Ok(())
}

/// Gives a job back, so that another worker takes it at once.
///
/// # Errors
/// When the database fails.
pub fn give_back(tx: &mut Tx, job: &Job) -> Result<(), DbError> {
    store::give_back(tx, job)
}

/// Renews the lease and reports what is done of how much, when it is given; gives the job as it is now, none when
/// another worker has it.
///
/// # Errors
/// When the database fails.
pub fn renew(
    tx: &mut Tx,
    job: &Job,
    progress: Option<(i64, Option<i64>)>,
) -> Result<Option<Job>, DbError> {
    let lease = tx.now().plus(Duration::seconds(LEASE_SECONDS));
    store::renew(tx, job, progress, lease)
}

/// How many of a caller's jobs of a kind have not ended.
///
/// # Errors
/// When the database fails.
pub fn count_open(db: &mut Db, kind: &str, caller: &Caller) -> Result<i64, DbError> {
    store::count_open(db, kind, caller.subject.as_str())
}

/// Forgets what attempts at a job wrote: all of it, or all but what one wrote.
///
/// # Errors
/// When the database fails.
pub fn delete_output(tx: &mut Tx, id: JobId, but: Option<i32>) -> Result<(), DbError> {
    store::delete_report(tx, id, but)
}

/// The job as it stands.
///
/// # Errors
/// When the database fails.
pub fn read(database: &Database, id: JobId) -> Result<Option<Job>, DbError> {
    store::find(&mut database.reader()?, id)
}

/// Whether nobody will work on a job any more, also when there is none.
///
/// # Errors
/// When the database fails.
pub fn has_ended(db: &mut Db, id: JobId) -> Result<bool, DbError> {
    Ok(store::find(db, id)?.is_none_or(|job| job.status.has_ended()))
}
