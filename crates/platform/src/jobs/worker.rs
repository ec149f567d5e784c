//! The workers: threads that take jobs and do them. Kinds of jobs that may wait for each other share a lane with a
//! worker for whatever comes and, where jobs can be large, one for small jobs alone, so that a large one keeps neither
//! other lanes nor small jobs of its own waiting.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::actions::{self, Wanted};
pub use super::context::{Interrupted, JobContext, Tools};
use super::model::{Ended, Job, JobError, JobStatus};
use crate::platform::db::{Database, DbError};
use crate::platform::http::Problem;
use crate::platform::http::auth::internal_caller;
use kernel::caller::Caller;

/// How often the worker looks for jobs that other replicas queued, or that were left behind.
const POLL: Duration = Duration::from_secs(1);

/// After how many looks it also forgets uploads that broke off.
const POLLS_PER_SWEEP: u32 = 600;

/// What is small: jobs of so many lines, customers or checks at most.
const SMALL_MAX: i64 = 2_000;

/// What does the jobs of one kind.
pub type Work = fn(&JobContext) -> Result<Ended, Interrupted>;

/// A kind of job: the name under which it waits, what does it, and with whose jobs it shares workers.
#[derive(Debug, Clone, Copy)]
pub struct JobKind {
    pub name: &'static str,
    pub work: Work,
    pub lane: Lane,
}

/// The lanes: imports and the day's work wait for no computation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    Imports,
    /// What is done once a business day.
    Day,
    Computations,
    /// Tables that are taken away.
    Exports,
}

impl Lane {
    const ALL: [Lane; 4] = [Lane::Imports, Lane::Day, Lane::Computations, Lane::Exports];

    const fn size(self) -> LaneSize {
        match self {
            Lane::Imports | Lane::Computations => LaneSize::WithSmall,
            Lane::Day | Lane::Exports => LaneSize::One,
        }
    }

    const fn order(self) -> LaneOrder {
        match self {
            Lane::Imports => LaneOrder::ByCaller,
            Lane::Day | Lane::Computations | Lane::Exports => LaneOrder::Any,
        }
    }
}

/// How many workers a lane has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LaneSize {
    One,
    /// One for whatever comes, and one for small jobs alone.
    WithSmall,
}

/// In which order a lane's jobs are begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LaneOrder {
    /// The oldest first, whoever asked for it.
    Any,
    /// Moreover, what one caller asked for is done one after the other: a file may need what the one before it brought.
    ByCaller,
}

/// Wakes the workers when a job was queued in this process, and tells them to stop.
#[derive(Debug, Default)]
pub struct WakeSignal {
    state: Mutex<WakeState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct WakeState {
    /// How often it was rung.
    rings: u64,
    stopping: bool,
}

impl WakeSignal {
    /// To be called after the job was committed.
    pub fn ring(&self) {
        self.set(|state| state.rings = state.rings.wrapping_add(1));
    }

    fn stop(&self) {
        self.set(|state| state.stopping = true);
    }

    fn set(&self, change: impl FnOnce(&mut WakeState)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .stopping
    }

    /// Waits until it is rung again, or it is time to look. Gives how often it has been rung by now.
    fn wait(&self, heard: u64) -> u64 {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let quiet = |state: &mut WakeState| state.rings == heard && !state.stopping;
        let (state, _) = self
            .changed
            .wait_timeout_while(state, POLL, quiet)
            .unwrap_or_else(PoisonError::into_inner);
        state.rings
    }
}

/// The running workers; stopped and waited for when they are dropped.
pub struct Workers {
    bell: Arc<WakeSignal>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts the workers' threads.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(
        database: &Database,
        kinds: &[JobKind],
        bell: &Arc<WakeSignal>,
        tools: &Tools,
    ) -> io::Result<Workers> {
        let internal = internal_caller("netterms-worker", &[]).map_err(io::Error::other)?;
        let mut workers = Workers {
            bell: Arc::clone(bell),
            threads: Vec::new(),
        };
        for lane in Lane::ALL {
            let kinds: Vec<JobKind> = kinds
                .iter()
                .filter(|kind| kind.lane == lane)
                .copied()
                .collect();
            let shares: &[Option<i64>] = match lane.size() {
                LaneSize::One => &[None],
                LaneSize::WithSmall => &[None, Some(SMALL_MAX)],
            };
            for most in shares {
                let bench = Bench {
                    database: database.clone(),
                    lane,
                    kinds: kinds.clone(),
                    most: *most,
                    is_sweeping: workers.threads.is_empty(),
                    bell: Arc::clone(bell),
                    tools: tools.clone(),
                    internal: internal.clone(),
                };
                let thread = std::thread::Builder::new()
                    .name("jobs".to_owned())
                    .spawn(move || bench.work())?;
                workers.threads.push(thread);
            }
        }
        Ok(workers)
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.bell.stop();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a worker's thread panicked");
            }
        }
    }
}

/// What a worker's thread holds.
struct Bench {
    database: Database,
    lane: Lane,
    /// What the lane does.
    kinds: Vec<JobKind>,
    /// The largest job that it takes; none takes all.
    most: Option<i64>,
    /// Whether it also forgets uploads that broke off.
    is_sweeping: bool,
    bell: Arc<WakeSignal>,
    tools: Tools,
    internal: Caller,
}

impl Bench {
    fn work(&self) {
        let (mut polls, mut heard) = (0, 0);
        while !self.bell.is_stopping() {
            if polls == 0 && self.is_sweeping {
                let swept = self
                    .database
                    .maintain(&self.internal, actions::discard_broken_off);
                log_failure(swept);
            }
            polls = (polls + 1) % POLLS_PER_SWEEP;
            if !self.work_once() {
                heard = self.bell.wait(heard);
            }
        }
    }

    /// Does one job, and says whether there was one.
    fn work_once(&self) -> bool {
        match self.take() {
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

    /// Takes a job. Whether there may be one is read first: most looks find none, and SQLite has one writer.
    fn take(&self) -> Result<Option<Job>, DbError> {
        let kinds: Vec<&str> = self.kinds.iter().map(|kind| kind.name).collect();
        let wanted = Wanted {
            most: self.most,
            by_caller: self.lane.order() == LaneOrder::ByCaller,
            ..Wanted::of(&kinds)
        };
        if !actions::is_waiting(&self.database, wanted)? {
            return Ok(None);
        }
        self.database
            .maintain(&self.internal, |tx| actions::take(tx, wanted))
    }

    fn do_job(&self, job: Job) -> Result<(), DbError> {
        let Some(kind) = self.kinds.iter().find(|kind| kind.name == job.kind) else {
            return Ok(());
        };
        let context = JobContext::open(&self.database, job, &self.bell, &self.tools)?;
        let job = context.job();
        tracing::info!(job = %job.id, kind = job.kind, attempt = job.attempts, "job begins");
        let outcome = std::thread::scope(|scope| {
            let watching = std::thread::Builder::new()
                .name("job-watch".to_owned())
                .spawn_scoped(scope, || context.watch(&self.internal))
                .map_err(|error| DbError::Unavailable(error.to_string()));
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                watching?;
                (kind.work)(&context)
            }));
            context.end_watch();
            outcome
        });
        let ended = match outcome {
            Ok(Ok(ended)) => ended,
            Ok(Err(Interrupted::Cancelled)) => Ended::empty(JobStatus::Cancelled, Vec::new()),
            Ok(Err(Interrupted::Stopping)) => {
                return self
                    .database
                    .maintain(&self.internal, |tx| actions::give_back(tx, job));
            }
            Ok(Err(Interrupted::Lost)) => return Ok(()),
            Ok(Err(Interrupted::TookTooLong)) => took_too_long(),
            // An outage passes: the lease runs out, and the job is taken again.
            Ok(Err(Interrupted::Db(error @ (DbError::Unavailable(_) | DbError::Locked(_))))) => {
                return Err(error);
            }
            Ok(Err(Interrupted::Db(error))) => failed(error),
            Err(_) => failed("the work panicked"),
        };
        tracing::info!(job = %job.id, status = %ended.status, "job ended");
        self.database
            .maintain(&self.internal, |tx| actions::end(tx, job, &ended))
    }
}

fn took_too_long() -> Ended {
    Ended::failed(JobError {
        line: None,
        column: None,
        code: "took_too_long".to_owned(),
        message: "the work took longer than is allowed: ask for less of it".to_owned(),
    })
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
        tracing::warn!(%error, "a worker met an error and goes on");
    }
}
