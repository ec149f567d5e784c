//! Queries on jobs and their files.

use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::input::JobFilter;
use super::model::{Ended, Job, JobStatus, ReportPart};
use crate::platform::db::schema::jobs::dsl;
use crate::platform::db::schema::{job_files, job_reports, jobs};
use crate::platform::db::{Conn, Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::clock::Instant;
use kernel::ids::JobId;

#[derive(Insertable)]
#[diesel(table_name = job_files)]
struct NewPart<'a> {
    job_id: JobId,
    part: i32,
    bytes: &'a [u8],
}

pub fn insert(tx: &mut Tx, job: &Job) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(jobs::table)
        .values(job)
        .execute(c))?;
    Ok(())
}

/// The job, unless it is still being received.
pub fn find(db: &mut Db, id: JobId) -> Result<Option<Job>, DbError> {
    Ok(on_backend!(db, |c| jobs::table
        .find(id)
        .filter(dsl::status.ne(JobStatus::Receiving))
        .select(Job::as_select())
        .first(c)
        .optional())?)
}

/// The job while it is still being received.
pub fn find_receiving(db: &mut Db, id: JobId) -> Result<Option<Job>, DbError> {
    Ok(on_backend!(db, |c| jobs::table
        .find(id)
        .filter(dsl::status.eq(JobStatus::Receiving))
        .select(Job::as_select())
        .first(c)
        .optional())?)
}

/// One page of jobs, the newest first; those of one person when `created_by` is given.
pub fn list(
    db: &mut Db,
    created_by: Option<&str>,
    filter: &JobFilter,
    page: &PageRequest,
) -> Result<Page<Job>, Problem> {
    on_backend!(db, |c| {
        let mut query = jobs::table
            .filter(dsl::status.ne(JobStatus::Receiving))
            .select(Job::as_select())
            .into_boxed();
        if let Some(subject) = created_by {
            query = query.filter(dsl::created_by.eq(subject));
        }
        if !filter.status.is_empty() {
            query = query.filter(dsl::status.eq_any(&filter.status));
        }
        if !filter.kind.is_empty() {
            query = query.filter(dsl::kind.eq_any(&filter.kind));
        }
        seek!(c, query, page, Job, desc(dsl::id))
    })
}

/// Which jobs a worker takes.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    pub kinds: &'a [&'a str],
    /// Only jobs of which it is known that they are no larger than this.
    pub most: Option<i64>,
    /// No job of a caller before an older one of theirs has ended.
    pub by_caller: bool,
}

impl<'a> Wanted<'a> {
    /// Whatever there is of these kinds.
    pub const fn of(kinds: &'a [&'a str]) -> Wanted<'a> {
        Wanted {
            kinds,
            most: None,
            by_caller: false,
        }
    }
}

diesel::alias!(jobs as older_jobs: OlderJobs);

/// Jobs that are wanted and wait, or whose lease ran out, the oldest first; for both databases.
macro_rules! waiting {
    ($wanted:expr, $now:expr) => {{
        let (wanted, now): (Wanted<'_>, Instant) = ($wanted, $now);
        let older = older_jobs
            .filter(older_jobs.field(dsl::kind).eq(dsl::kind))
            .filter(older_jobs.field(dsl::created_by).eq(dsl::created_by))
            .filter(older_jobs.field(dsl::id).lt(dsl::id))
            .filter(
                older_jobs
                    .field(dsl::status)
                    .eq_any([JobStatus::Queued, JobStatus::Running]),
            );
        let most = wanted.most.unwrap_or(i64::MAX);
        jobs::table
            .filter(dsl::kind.eq_any(wanted.kinds))
            .filter(
                dsl::status.eq(JobStatus::Queued).or(dsl::status
                    .eq(JobStatus::Running)
                    .and(dsl::lease_until.lt(now))),
            )
            .filter(
                dsl::progress_total
                    .assume_not_null()
                    .le(most)
                    .or(dsl::progress_total
                        .is_null()
                        .and(wanted.most.is_none().into_sql::<Bool>())),
            )
            .filter(
                diesel::dsl::not(diesel::dsl::exists(older))
                    .or((!wanted.by_caller).into_sql::<Bool>()),
            )
            .order(dsl::id)
            .limit(1)
    }};
}

/// Whether a job that is wanted waits, or was left behind.
pub fn is_waiting(db: &mut Db, wanted: Wanted<'_>) -> Result<bool, DbError> {
    let now = db.clock().now();
    let found: Option<JobId> = on_backend!(db, |c| waiting!(wanted, now)
        .select(dsl::id)
        .first(c)
        .optional())?;
    Ok(found.is_some())
}

/// The oldest job that is wanted and waits, or whose lease ran out; one that another worker is just taking is passed
/// over.
pub fn lock_next(tx: &mut Tx, wanted: Wanted<'_>) -> Result<Option<Job>, DbError> {
    let now = tx.now();
    Ok(match tx.conn() {
        Conn::Postgres(c) => waiting!(wanted, now)
            .select(Job::as_select())
            .for_update()
            .skip_locked()
            .first(&mut **c)
            .optional()?,
        Conn::Sqlite(c) => waiting!(wanted, now)
            .select(Job::as_select())
            .first(&mut **c)
            .optional()?,
    })
}

/// Writes where the job stands when it still has the version and attempt that `job` was read with.
pub fn update_if_unchanged(tx: &mut Tx, job: &Job) -> Result<Option<Job>, DbError> {
    Ok(on_backend!(tx, |c| diesel::update(
        dsl::jobs.find(job.id).filter(dsl::version.eq(job.version))
    )
    .set((
        dsl::status.eq(job.status),
        dsl::progress_total.eq(job.progress_total),
        dsl::input.eq(&job.input),
        dsl::started_at.eq(job.started_at),
        dsl::finished_at.eq(job.finished_at),
        dsl::lease_until.eq(job.lease_until),
        dsl::attempts.eq(job.attempts),
        dsl::cancel_requested_at.eq(job.cancel_requested_at),
        dsl::version.eq(dsl::version + 1),
    ))
    .returning(Job::as_returning())
    .get_result(c)
    .optional())?)
}

/// Renews the lease while it is still ours, and writes progress when it is given; gives the job as it is now.
pub fn renew(
    tx: &mut Tx,
    job: &Job,
    progress: Option<(i64, Option<i64>)>,
    lease_until: Instant,
) -> Result<Option<Job>, DbError> {
    Ok(on_backend!(tx, |c| diesel::update(
        dsl::jobs
            .find(job.id)
            .filter(dsl::status.eq(JobStatus::Running))
            .filter(dsl::attempts.eq(job.attempts))
    )
    .set((
        progress.map(|(done, _)| dsl::progress_done.eq(done)),
        progress.map(|(_, total)| dsl::progress_total.eq(total)),
        dsl::lease_until.eq(lease_until),
        dsl::version.eq(dsl::version + 1),
    ))
    .returning(Job::as_returning())
    .get_result(c)
    .optional())?)
}

/// Ends the job while its lease is still ours; says whether it was.
pub fn finish(
    tx: &mut Tx,
    job: &Job,
    ended: &Ended,
    result: &str,
    errors: &str,
) -> Result<bool, DbError> {
    let now = tx.now();
    let rows = on_backend!(tx, |c| diesel::update(
        dsl::jobs
            .find(job.id)
            .filter(dsl::status.eq(JobStatus::Running))
            .filter(dsl::attempts.eq(job.attempts))
    )
    .set((
        dsl::status.eq(ended.status),
        ended.done.map(|done| dsl::progress_done.eq(done)),
        ended.done.map(|done| dsl::progress_total.eq(done)),
        dsl::result.eq(result),
        dsl::errors.eq(errors),
        dsl::finished_at.eq(now),
        dsl::version.eq(dsl::version + 1),
    ))
    .execute(c))?;
    Ok(rows > 0)
}

/// Puts the job back for any worker while its lease is still ours; the attempt does not count.
pub fn give_back(tx: &mut Tx, job: &Job) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::update(
        dsl::jobs
            .find(job.id)
            .filter(dsl::status.eq(JobStatus::Running))
            .filter(dsl::attempts.eq(job.attempts))
    )
    .set((
        dsl::status.eq(JobStatus::Queued),
        dsl::attempts.eq(job.attempts - 1),
        dsl::version.eq(dsl::version + 1),
    ))
    .execute(c))?;
    Ok(())
}

/// Forgets jobs that were never fully received: this one, or all that began before an instant.
pub fn discard(
    tx: &mut Tx,
    id: Option<JobId>,
    begun_before: Option<Instant>,
) -> Result<(), DbError> {
    let stale: Vec<JobId> = on_backend!(tx, |c| {
        let mut query = jobs::table
            .filter(dsl::status.eq(JobStatus::Receiving))
            .select(dsl::id)
            .into_boxed();
        if let Some(id) = id {
            query = query.filter(dsl::id.eq(id));
        }
        if let Some(before) = begun_before {
            query = query.filter(dsl::created_at.lt(before));
        }
        query.limit(1000).load(c)
    })?;
    for id in stale {
        delete_parts(tx, id)?;
        on_backend!(tx, |c| diesel::delete(dsl::jobs.find(id)).execute(c))?;
    }
    Ok(())
}

pub fn insert_part(tx: &mut Tx, job_id: JobId, part: i32, bytes: &[u8]) -> Result<(), DbError> {
    let row = NewPart {
        job_id,
        part,
        bytes,
    };
    on_backend!(tx, |c| diesel::insert_into(job_files::table)
        .values(&row)
        .execute(c))?;
    Ok(())
}

pub fn find_part(db: &mut Db, job: JobId, part: i32) -> Result<Option<Vec<u8>>, DbError> {
    Ok(on_backend!(db, |c| job_files::table
        .find((job, part))
        .select(job_files::bytes)
        .first(c)
        .optional())?)
}

pub fn delete_parts(tx: &mut Tx, job: JobId) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::delete(
        job_files::table.filter(job_files::job_id.eq(job))
    )
    .execute(c))?;
    Ok(())
}

pub fn insert_report_part(tx: &mut Tx, part: &ReportPart) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(job_reports::table)
        .values(part)
        .execute(c))?;
    Ok(())
}

pub fn find_report_part(
    db: &mut Db,
    job: JobId,
    attempt: i32,
    part: i32,
) -> Result<Option<Vec<u8>>, DbError> {
    Ok(on_backend!(db, |c| job_reports::table
        .find((job, attempt, part))
        .select(job_reports::bytes)
        .first(c)
        .optional())?)
}

/// Forgets what attempts at the job wrote: all, or all but one.
pub fn delete_report(tx: &mut Tx, job: JobId, but: Option<i32>) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::delete(
        job_reports::table
            .filter(job_reports::job_id.eq(job))
            .filter(job_reports::attempt.ne(but.unwrap_or(-1)))
    )
    .execute(c))?;
    Ok(())
}

/// Deletes what one attempt of a job wrote.
pub fn delete_report_of(tx: &mut Tx, job: JobId, attempt: i32) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::delete(
        job_reports::table
            .filter(job_reports::job_id.eq(job))
            .filter(job_reports::attempt.eq(attempt))
    )
    .execute(c))?;
    Ok(())
}

/// How many of a caller's jobs of a kind have not ended.
pub fn count_open(db: &mut Db, kind: &str, created_by: &str) -> Result<i64, DbError> {
    Ok(on_backend!(db, |c| jobs::table
        .filter(dsl::kind.eq(kind))
        .filter(dsl::created_by.eq(created_by))
        .filter(dsl::status.eq_any([JobStatus::Queued, JobStatus::Running]))
        .count()
        .get_result(c))?)
}
