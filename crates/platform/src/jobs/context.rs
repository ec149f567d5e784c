//! A job at work: what its work is given, and who watches over it meanwhile.
//!
//! Beside every job that is being done a thread keeps watch: it renews the lease, shows how far a computation is, and
//! hears when the job is to stop. So work that counts for minutes without touching the database keeps its job, and ends
//! within a second of being told to.

use std::any::Any;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;

use super::actions;
use super::file::JobFile;
use super::model::Job;
use super::worker::WakeSignal;
use crate::platform::db::{Backend, Database, DbError, read_document};
use kernel::caller::Caller;
use kernel::progress::{Progress, Stopped};

/// How often the watch looks whether the job is to stop.
const LOOK: Duration = Duration::from_millis(500);

/// How often it shows how far a computation is, at most.
const SHOW: Duration = Duration::from_secs(1);

/// How often it renews the lease, well before [`actions::LEASE_SECONDS`] have passed.
const RENEW: Duration = Duration::from_secs(5);

/// Why work stopped before its end.
#[derive(Debug, thiserror::Error)]
pub enum Interrupted {
    #[error("somebody cancelled the job")]
    Cancelled,
    #[error("the process is stopping")]
    Stopping,
    #[error("another worker has the job")]
    Lost,
    #[error("the job took longer than it may")]
    TookTooLong,
    #[error(transparent)]
    Db(#[from] DbError),
}

/// What the application gives all work beside its job, such as who signs: work finds its own by the type.
#[derive(Clone, Default)]
pub struct Tools(Vec<Arc<dyn Any + Send + Sync>>);

impl Tools {
    /// With one more.
    #[must_use]
    pub fn with<T: Any + Send + Sync>(mut self, tool: Arc<T>) -> Tools {
        self.0.push(tool);
        self
    }

    fn find<T: 'static>(&self) -> Option<&T> {
        self.0.iter().find_map(|tool| tool.downcast_ref())
    }
}

/// What the watch has heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Cancelled,
    Stopping,
    Lost,
    TookTooLong,
}

impl From<Told> for Interrupted {
    fn from(told: Told) -> Interrupted {
        match told {
            Told::Cancelled => Interrupted::Cancelled,
            Told::Stopping => Interrupted::Stopping,
            Told::Lost => Interrupted::Lost,
            Told::TookTooLong => Interrupted::TookTooLong,
        }
    }
}

/// What the work and its watch share.
#[derive(Debug, Default)]
struct Watched {
    told: Option<Told>,
    /// When the work must have ended.
    deadline: Option<Instant>,
    has_ended: bool,
}

/// A job that is being done.
pub struct JobContext {
    database: Database,
    caller: Caller,
    job: Job,
    bell: Arc<WakeSignal>,
    tools: Tools,
    progress: Progress,
    watched: Mutex<Watched>,
    changed: Condvar,
}

impl JobContext {
    /// # Errors
    /// When the job's caller can't be read.
    pub(super) fn open(
        database: &Database,
        job: Job,
        bell: &Arc<WakeSignal>,
        tools: &Tools,
    ) -> Result<JobContext, DbError> {
        Ok(JobContext {
            database: database.clone(),
            caller: read_document(&job.caller)?,
            job,
            bell: Arc::clone(bell),
            tools: tools.clone(),
            progress: Progress::default(),
            watched: Mutex::default(),
            changed: Condvar::new(),
        })
    }

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

    /// What the application gives work beside its job.
    ///
    /// # Errors
    /// When it gives nothing of the type.
    pub fn tools<T: 'static>(&self) -> Result<&T, Interrupted> {
        let missing = || DbError::Document("the work is given no such tool".to_owned());
        Ok(self.tools.find().ok_or_else(missing)?)
    }

    /// The job's file from its beginning.
    pub fn file(&self) -> JobFile<'_> {
        JobFile::new(&self.database, self.job.id)
    }

    /// What a computation counts its steps with; the watch shows them as the job's progress.
    pub const fn computation(&self) -> &Progress {
        &self.progress
    }

    /// The work is to be given up when it has not ended after so long.
    pub fn end_within(&self, longest: Duration) {
        self.watched().deadline = Instant::now().checked_add(longest);
    }

    /// Why a computation was stopped.
    pub fn why(&self, _: Stopped) -> Interrupted {
        self.watched().told.unwrap_or(Told::Stopping).into()
    }

    /// Reports progress between two units of work.
    ///
    /// # Errors
    /// When the work is to stop.
    pub fn progress(&self, done: i64, total: Option<i64>) -> Result<(), Interrupted> {
        let renewed = self.database.maintain(&self.caller, |tx| {
            actions::renew(tx, &self.job, Some((done, total)))
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
        match self.heard(job.as_ref()) {
            Some(told) => Err(told.into()),
            None => Ok(()),
        }
    }

    /// What there is to hear, of the job as it is now.
    fn heard(&self, job: Option<&Job>) -> Option<Told> {
        let is_over = |deadline: Instant| Instant::now() >= deadline;
        match job {
            None => Some(Told::Lost),
            Some(job) if job.attempts != self.job.attempts => Some(Told::Lost),
            Some(job) if job.cancel_requested_at.is_some() => Some(Told::Cancelled),
            Some(_) if self.bell.is_stopping() => Some(Told::Stopping),
            Some(_) if self.watched().deadline.is_some_and(is_over) => Some(Told::TookTooLong),
            Some(_) => None,
        }
    }

    /// Keeps watch until the work has ended.
    pub(super) fn watch(&self, internal: &Caller) {
        let (mut renewed, mut shown) = (Instant::now(), self.progress.seen());
        while !self.waited_out() {
            let seen = self.progress.seen();
            let is_due = seen != shown && renewed.elapsed() >= SHOW;
            let moved = is_due.then_some((seen.0, Some(seen.1)));
            let looked = if is_due || renewed.elapsed() >= RENEW {
                let looked = self
                    .database
                    .maintain(internal, |tx| actions::renew(tx, &self.job, moved));
                if looked.is_ok() {
                    (renewed, shown) = (Instant::now(), seen);
                }
                looked
            } else {
                actions::read(&self.database, self.job.id)
            };
            let told = match looked {
                Ok(job) => self.heard(job.as_ref()),
                Err(error) => {
                    tracing::warn!(job = %self.job.id, %error, "the watch of a job looks again");
                    self.bell.is_stopping().then_some(Told::Stopping)
                }
            };
            if told.is_some() {
                self.watched().told = told;
                self.progress.stop();
            }
        }
    }

    /// Ends the watch.
    pub(super) fn end_watch(&self) {
        self.watched().has_ended = true;
        self.changed.notify_all();
    }

    /// Waits for the next look, and says whether the work ended meanwhile.
    fn waited_out(&self) -> bool {
        let at_work = |watched: &mut Watched| !watched.has_ended;
        let (watched, _) = self
            .changed
            .wait_timeout_while(self.watched(), LOOK, at_work)
            .unwrap_or_else(PoisonError::into_inner);
        watched.has_ended
    }

    fn watched(&self) -> std::sync::MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
