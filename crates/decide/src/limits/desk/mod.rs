//! The desk: limit checks in batches, decided by the engine ([`super::check`]).
//!
//! A worker takes all checks that wait for it and decides them in order of arrival in one unit of work; nothing is
//! answered before it is on disk. `docs/credit-desk.md` says how, and what its accelerators are.

mod answering;
mod batch;
mod book;
mod figures;
mod memory;
mod optional_facts;
mod orders;
mod postponed;
mod prefetch;
mod read_ahead;
mod recheck;
mod reply;
mod settings;
mod stored;
mod worker;

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};

use tokio::sync::oneshot;

use self::answering::{Answering, Waiting};
pub use self::batch::Batch;
pub use self::figures::DeskFigures;
use self::memory::Memory;
pub use self::reply::{Answered, DeskError, Reply};
pub use self::settings::{DeskSettings, Switch};
use self::worker::Worker;
use super::input::LimitCheckIn;
use crate::decide::limits::check::{CheckKind, Request};
use crate::platform::db::{Backend, Database, Db, DbError, OpenError, Tx};
use crate::platform::idempotency::Keyed;
use kernel::caller::Caller;
use kernel::places::Language;

/// One check with who asks.
#[derive(Debug, Clone)]
pub struct CheckRequest {
    pub kind: CheckKind,
    pub caller: Arc<Caller>,
    pub input: LimitCheckIn,
    pub keyed: Option<Keyed>,
    pub language: Language,
}

impl CheckRequest {
    /// What the engine is asked.
    pub fn request(&self) -> Request<'_> {
        Request {
            kind: self.kind,
            input: &self.input,
            by: &self.caller.subject,
        }
    }
}

/// The desk's counter: cheap to clone.
#[derive(Clone)]
pub struct Desk {
    queues: Arc<[SyncSender<Waiting>]>,
    /// By which customers are shared out among the workers.
    shares: RandomState,
    figures: DeskFigures,
}

impl Desk {
    /// Opens the desk. PostgreSQL has two workers, so that one decides while the database works for the other; SQLite has
    /// one writer anyway. Their threads end when the last clone is dropped.
    ///
    /// # Errors
    /// When no thread can be started, or no connection made.
    pub fn open(
        database: &Database,
        caller: &Caller,
        settings: &DeskSettings,
    ) -> Result<Desk, DeskOpenError> {
        let workers = match database.backend() {
            Backend::Postgres => 2,
            Backend::Sqlite => 1,
        };
        let figures = DeskFigures::default();
        let mut queues = Vec::new();
        let answering = Answering::open(database, settings, &figures)?;
        for _ in 0..workers {
            let answering = answering.clone();
            let mut worker = Worker::new(database, caller, settings, answering, &figures)?;
            let (queue, waiting) = sync_channel(settings.queue);
            std::thread::Builder::new()
                .name("credit-desk".to_owned())
                .spawn(move || worker.serve(&waiting))?;
            queues.push(queue);
        }
        Ok(Desk {
            queues: queues.into(),
            shares: RandomState::new(),
            figures,
        })
    }

    /// How the desk is doing.
    pub const fn figures(&self) -> &DeskFigures {
        &self.figures
    }

    /// Puts a check into the queue and waits for its answer.
    ///
    /// # Errors
    /// When the queue is full, the database fails, or the check itself is refused.
    pub async fn check(&self, asked: CheckRequest) -> Answered {
        const CLOSED: DeskError = DeskError::Internal("the credit desk is closed");
        let (reply, answer) = oneshot::channel();
        let workers = u64::try_from(self.queues.len()).unwrap_or(u64::MAX);
        let share = self.shares.hash_one(&asked.input.customer) % workers.max(1);
        let queue = usize::try_from(share)
            .ok()
            .and_then(|at| self.queues.get(at));
        queue
            .ok_or(CLOSED)?
            .try_send(Waiting { asked, reply })
            .map_err(|error| match error {
                TrySendError::Full(_) => DeskError::Overloaded,
                TrySendError::Disconnected(_) => CLOSED,
            })?;
        self.figures.enqueued();
        let dropped = |_| DeskError::Internal("the credit desk dropped a check");
        answer.await.map_err(dropped)?
    }
}

/// Why the desk could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum DeskOpenError {
    #[error(transparent)]
    Database(#[from] OpenError),
    #[error("no thread can be started: {0}")]
    Thread(#[from] std::io::Error),
}

/// Decides checks in order, in the transaction at hand, and records them. The answers come in the same order.
///
/// # Errors
/// When the database fails; what is wrong with one check is its own answer.
pub fn check_all(tx: &mut Tx, asked: &[CheckRequest]) -> Result<Vec<Answered>, DbError> {
    worker::check_under_locks(tx, asked, &mut Memory::default())
}

/// Makes the checks of orders that wait for credit again: those that pass are released, the others wait on, and
/// nothing is recorded of them.
///
/// # Errors
/// When the database fails.
pub fn recheck_all(tx: &mut Tx, asked: &[CheckRequest]) -> Result<usize, DbError> {
    let mut batch = Batch::load(tx, asked)?;
    let mut released = 0;
    for one in asked {
        released += usize::from(batch.release_if_it_passes(one)?);
    }
    if released > 0 {
        batch.save(tx)?;
    }
    Ok(released)
}

/// Which of these orders that wait would pass now, each taken alone: for a look without a lock.
///
/// # Errors
/// When the database fails.
pub fn would_pass(db: &mut Db, asked: &[CheckRequest]) -> Result<Vec<bool>, DbError> {
    let batch = Batch::read(db, asked)?;
    Ok(asked
        .iter()
        .map(|one| {
            let examined = batch.examine(one);
            examined.is_ok_and(|examined| examined.record.decision.outcome.is_approved())
        })
        .collect())
}
