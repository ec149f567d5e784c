//! The worker: one thread that takes jobs and does them, one after the other.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::actions;
use super::file::JobFile;
use super::model::{Ended, Job, JobError, JobStatus};
use crate::kernel::caller::Caller;
use crate::platform::db::{Backend, Database, DbError, read_document};
use crate::platform::http::Problem;
use crate::platform::http::auth::house_caller;

/// How often the worker looks for jobs that other replicas queued, or that were left behind.
const POLL: Duration = Duration::from_secs(1);

/// After how many looks it also forgets uploads that broke off.
const POLLS_PER_SWEEP: u32 = 600;

/// What does the jobs of one kind.
pub type Work = fn(&JobContext) -> Result<Ended, Interrupted>;

/// The kinds of jobs, each with its work.
pub type Kinds = &'static [(&'static str, Work)];

/// Why work stopped before its end.
#[derive(Debug, thiserror::Error)]
pub enum Interrupted {
    #[error("somebody cancelled the job")]
    Cancelled,
    #[error("the process is stopping")]
    Stopping,
    #[error("another worker has the job")]
    Lost,
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Wakes the worker when a job was queued in this process, and tells it to stop.
#[derive(Debug, Default)]
pub struct Bell {
    state: Mutex<BellState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct BellState {
    rung: bool,
    stopping: bool,
}

impl Bell {
    /// To be called after the job was committed.
    pub fn ring(&self) {
        self.set(|state| state.rung = true);
    }

    fn stop(&self) {
        self.set(|state| state.stopping = true);
    }

    fn set(&self, change: impl FnOnce(&mut BellState)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }

    fn is_stopping(&self) -> bool {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .stopping
    }

    fn wait(&self) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let quiet = |state: &mut BellState| !state.rung && !state.stopping;
        let (mut state, _) = self
            .changed
            .wait_timeout_while(state, POLL, quiet)
            .unwrap_or_else(PoisonError::into_inner);
        state.rung = false;
    }
}

/// A job that is being done.
pub struct JobContext {
    database: Database,
    caller: Caller,
    job: Job,
    bell: Arc<Bell>,
}

impl JobContext {
    pub const fn database(&self) -> &Database {
        &self.database
    }

    /// Who asked for the job: the work is done as them.
    pub const fn caller(&self) -> &Caller {
        &self.caller
    }

    pub const fn job(&self) -> &Job {
        &self.job
    }

    /// What the work was asked to do.
    ///
    /// # Errors
    /// When the stored input is of another shape.
    pub fn input<In: DeserializeOwned>(&self) -> Result<In, Interrupted> {
        Ok(read_document(&self.job.input)?)
    }

    /// The job's file from its beginning.
    pub fn file(&self) -> JobFile<'_> {
        JobFile::new(&self.database, self.job.id)
    }

    /// Reports progress between two units of work.
    ///
    /// # Errors
    /// When the work is to stop.
    pub fn progress(&self, done: i64, total: Option<i64>) -> Result<(), Interrupted> {
        let renewed = self.database.maintain(&self.caller, |tx| {
            actions::renew(tx, &self.job, done, total)
        })?;
        self.go_on(renewed)
    }

    /// Reports progress inside a unit of work, where the database can: SQLite's only writer is in use then.
    ///
    /// # Errors
    /// When the work is to stop.
    pub fn progress_inside(&self, done: i64, total: Option<i64>) -> Result<(), Interrupted> {
        match self.database.backend() {
            Backend::Postgres => self.progress(done, total),
            Backend::Sqlite => self.go_on(actions::read(&self.database, self.job.id)?),
        }
    }

    fn go_on(&self, job: Option<Job>) -> Result<(), Interrupted> {
        match job {
            Some(job) if job.attempts != self.job.attempts => Err(Interrupted::Lost),
            Some(job) if job.cancel_requested_at.is_some() => Err(Interrupted::Cancelled),
            Some(_) if self.bell.is_stopping() => Err(Interrupted::Stopping),
            Some(_) => Ok(()),
            None => Err(Interrupted::Lost),
        }
    }
}

/// The running worker; stopped and waited for when it is dropped.
pub struct Worker {
    bell: Arc<Bell>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts the worker's thread.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(database: Database, kinds: Kinds, bell: Arc<Bell>) -> io::Result<Worker> {
        let house = house_caller("netterms-worker", &[]).map_err(io::Error::other)?;
        let bench = Bench {
            database,
            kinds,
            bell: Arc::clone(&bell),
            house,
        };
        let thread = std::thread::Builder::new()
            .name("jobs".to_owned())
            .spawn(move || bench.work())?;
        Ok(Worker {
            bell,
            thread: Some(thread),
        })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.bell.stop();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the worker's thread panicked");
        }
    }
}

/// What the worker's thread holds.
struct Bench {
    database: Database,
    kinds: Kinds,
    bell: Arc<Bell>,
    house: Caller,
}

impl Bench {
    fn work(&self) {
        let mut polls = 0;
        while !self.bell.is_stopping() {
            if polls == 0 {
                let swept = self
                    .database
                    .maintain(&self.house, actions::discard_broken_off);
                log_failure(swept);
            }
            polls = (polls + 1) % POLLS_PER_SWEEP;
            if !self.work_once() {
                self.bell.wait();
            }
        }
    }

    /// Does one job, and says whether there was one.
    fn work_once(&self) -> bool {
        let names: Vec<&str> = self.kinds.iter().map(|(name, _)| *name).collect();
        match self
            .database
            .maintain(&self.house, |tx| actions::take(tx, &names))
        {
            Ok(Some(job)) => {
                log_failure(self.do_job(job));
                true
            }
            Ok(None) => false,
            Err(error) => {
                log_failure(Err(error));
                false
            }
        }
    }

    fn do_job(&self, job: Job) -> Result<(), DbError> {
        let work = self.kinds.iter().find(|(name, _)| *name == job.kind);
        let Some((_, work)) = work else {
            return Ok(());
        };
        let context = JobContext {
            database: self.database.clone(),
            caller: read_document(&job.caller)?,
            job,
            bell: Arc::clone(&self.bell),
        };
        let job = &context.job;
        tracing::info!(job = %job.id, kind = job.kind, attempt = job.attempts, "job begins");
        let outcome = catch_unwind(AssertUnwindSafe(|| work(&context)));
        let ended = match outcome {
            Ok(Ok(ended)) => ended,
            Ok(Err(Interrupted::Cancelled)) => Ended::empty(JobStatus::Cancelled, Vec::new()),
            Ok(Err(Interrupted::Stopping)) => {
                return self
                    .database
                    .maintain(&self.house, |tx| actions::give_back(tx, job));
            }
            Ok(Err(Interrupted::Lost)) => return Ok(()),
            // An outage passes: the lease runs out, and the job is taken again.
            Ok(Err(Interrupted::Db(error @ (DbError::Unavailable(_) | DbError::Locked(_))))) => {
                return Err(error);
            }
            Ok(Err(Interrupted::Db(error))) => failed(error),
            Err(_) => failed("the work panicked"),
        };
        tracing::info!(job = %job.id, status = %ended.status, "job ended");
        self.database
            .maintain(&self.house, |tx| actions::end(tx, job, &ended))
    }
}

fn failed(error: impl std::fmt::Display) -> Ended {
    // What went wrong inside is for the log; the code alone goes out.
    let code = Problem::internal(error).code();
    let error = JobError {
        line: None,
        column: None,
        code: code.as_str().to_owned(),
        message: "something went wrong on our side; tell the operator the job's id".to_owned(),
    };
    Ended::failed(error)
}

fn log_failure(outcome: Result<(), DbError>) {
    if let Err(error) = outcome {
        tracing::warn!(%error, "the worker met an error and goes on");
    }
}
