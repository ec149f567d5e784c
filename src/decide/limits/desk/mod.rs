//! The desk: limit checks in batches.
//!
//! Requests arrive on bounded channels, one for each worker; a customer's always on the same. A worker is a thread that
//! takes all that are waiting and decides them in order of arrival in one unit of work: while one commit is on its way,
//! the next batch gathers. On PostgreSQL that is one statement, or a question and a statement, without locks, as long
//! as nobody else is at the same accounts; else a transaction under their locks. When a batch fails as a whole, its
//! checks are decided one by one, so that none fails for its neighbours. A full channel is answered at once: a bounded
//! wait beats a long queue.
//!
//! Nothing is answered before it is on disk, but a worker does not wait for the disk either: it decides the next batch
//! while somebody else makes sure of the last ones, of both workers in one go, and answers them. What is decided on
//! what is not on disk yet comes later in PostgreSQL's log, so that a crash that loses the one loses the other.

mod answering;
mod aside;
mod asked_for;
mod batch;
mod book;
mod memory;
mod orders;
mod prefetch;
mod reply;
mod stored;

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::time::{Duration, Instant as Stopwatch};

use tokio::sync::oneshot;

use self::answering::{Answering, Waiting};
pub use self::batch::Batch;
use self::memory::Memory;
use self::prefetch::Locking;
pub use self::reply::{Answered, DeskError, Reply};
use super::input::LimitCheckIn;
use crate::decide::limits::check::{CheckKind, Request};
use crate::platform::db::{
    AtOnce, Backend, Database, Db, DbError, Durability, OpenError, Session, Tx,
};
use crate::platform::idempotency::Keyed;
use crate::platform::trail::store as trail;
use kernel::caller::Caller;
use kernel::ids::CustomerId;
use kernel::places::Language;

/// How many checks one transaction decides at most.
const BATCH_MAX: usize = 256;
/// How many customers a worker remembers before it is asked about them.
const READ_AT_FIRST: usize = 50_000;
/// For how many batches the surer way is taken after one met somebody else.
const CAUTION: usize = 16;
/// How long a batch waits at most for those who were in the last one.
const PATIENCE: Duration = Duration::from_micros(400);

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
}

/// A thread that decides batches, with its own connection.
struct Worker {
    session: Session,
    caller: Caller,
    memory: Memory,
    answering: Answering,
    /// How far it has read into the book; none when it has read enough.
    has_read_to: Option<CustomerId>,
    can_write_at_once: bool,
    /// For how many batches still memory is not relied on, and for how many accounts are locked, because somebody else
    /// was at the same accounts.
    doubtful: usize,
    cautious: usize,
}

impl Desk {
    /// Opens the desk, where `room` checks may wait for each worker. PostgreSQL has two workers, so that one decides
    /// while the database works for the other; SQLite has one writer anyway. Their threads end when the last clone is
    /// dropped.
    ///
    /// # Errors
    /// When no thread can be started, or no connection made.
    pub fn open(database: &Database, caller: &Caller, room: usize) -> Result<Desk, DeskOpenError> {
        let workers = match database.backend() {
            Backend::Postgres => 2,
            Backend::Sqlite => 1,
        };
        let mut queues = Vec::new();
        let answering = Answering::open(database)?;
        for _ in 0..workers {
            let can_write_at_once = database.backend() == Backend::Postgres;
            let before_all = CustomerId::from_uuid(uuid::Uuid::nil());
            let mut worker = Worker {
                session: database.session()?,
                caller: caller.clone(),
                memory: Memory::default(),
                answering: answering.clone(),
                has_read_to: Some(before_all),
                can_write_at_once,
                doubtful: 0,
                cautious: 0,
            };
            let (queue, waiting) = sync_channel(room);
            std::thread::Builder::new()
                .name("credit-desk".to_owned())
                .spawn(move || worker.serve(&waiting))?;
            queues.push(queue);
        }
        Ok(Desk {
            queues: queues.into(),
            shares: RandomState::new(),
        })
    }

    /// Puts a check into the queue and waits for its answer.
    ///
    /// # Errors
    /// 503 when the queue is full; what the check itself is refused for.
    pub async fn check(&self, asked: CheckRequest) -> Answered {
        const CLOSED: DeskError = DeskError::Internal("the credit desk is closed");
        let (reply, answer) = oneshot::channel();
        let workers = u64::try_from(self.queues.len()).unwrap_or(u64::MAX);
        let share = self.shares.hash_one(asked.input.customer()) % workers.max(1);
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

/// Takes all that are waiting. Callers that were answered together ask together again: when the last batch was much
/// larger, the others of it are given a moment to come, so that they form one batch and not two. A lone caller never
/// waits.
fn gather(first: Waiting, waiting: &Receiver<Waiting>, last: usize) -> Vec<Waiting> {
    let mut batch = vec![first];
    let since = Stopwatch::now();
    while batch.len() < BATCH_MAX {
        match waiting.try_recv() {
            Ok(next) => batch.push(next),
            Err(_) if batch.len() < last / 2 && since.elapsed() < PATIENCE => {
                match waiting.recv_timeout(PATIENCE / 4) {
                    Ok(next) => batch.push(next),
                    Err(_) => break,
                }
            }
            Err(_) => break,
        }
    }
    batch
}

impl Worker {
    /// The next check, none when the desk is closed. While nobody waits, the worker reads into the book.
    fn next(&mut self, waiting: &Receiver<Waiting>) -> Option<Waiting> {
        while let Some(last) = self.has_read_to {
            match waiting.try_recv() {
                Ok(first) => return Some(first),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => self.has_read_to = self.read_on(last),
            }
        }
        waiting.recv().ok()
    }

    /// Remembers some more customers, until there are no more or enough. What fails here is read when it is needed.
    fn read_on(&mut self, last: CustomerId) -> Option<CustomerId> {
        let read = self.learn_more(last);
        let is_enough = self.memory.size() >= READ_AT_FIRST;
        read.unwrap_or_else(|error| {
            tracing::info!(%error, "the credit desk does not read the book beforehand");
            None
        })
        .filter(|_| !is_enough)
    }

    fn learn_more(&mut self, last: CustomerId) -> Result<Option<CustomerId>, DbError> {
        if !self.can_write_at_once {
            return self.as_only_writer(Durability::AtOnce, |tx, memory| {
                let today = tx.today();
                prefetch::learn_more(tx, memory, last, today)
            });
        }
        let memory = &mut self.memory;
        memory.believe(self.session.connection_number()?);
        self.session.read(|db| {
            let today = db.today();
            prefetch::learn_more(db, memory, last, today)
        })
    }

    /// Decides checks in one unit of work.
    fn decide_together(&mut self, asked: &[CheckRequest]) -> Result<Vec<Answered>, DbError> {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            if !self.can_write_at_once {
                return self.decide_as_only_writer(asked);
            }
            match self.decide_at_once(asked)? {
                Some(answers) => Ok(answers),
                None => self.decide_under_locks(asked),
            }
        }))
        .unwrap_or_else(|_| {
            Ok(asked
                .iter()
                .map(|_| Err(DeskError::Internal("the credit desk panicked")))
                .collect())
        })
    }

    /// Decides checks on accounts that are not locked, and writes all in one statement that looks whether they are still
    /// the same: one way to the database and back for what is remembered, two when what stands for it must be asked. None
    /// when they are not the same, and when more is to be written than one statement can.
    fn decide_at_once(&mut self, asked: &[CheckRequest]) -> Result<Option<Vec<Answered>>, DbError> {
        if asked.iter().any(|one| one.kind != CheckKind::Check) {
            return Ok(None);
        }
        // A lone caller gains nothing by another way to the database.
        let durability = self.answering.durability(asked.len() > 1);
        // Who writes nothing must ask first.
        let from_memory = asked.iter().any(|one| !one.input.is_dry_run());
        for (locking, caution) in [
            (Locking::Memory, &mut self.doubtful),
            (Locking::Marks, &mut self.cautious),
        ] {
            if locking == Locking::Memory && !from_memory {
                continue;
            }
            if *caution > 0 {
                *caution -= 1;
                continue;
            }
            let memory = &mut self.memory;
            // The way before may have lost the connection.
            memory.believe(self.session.connection_number()?);
            let outcome = self
                .session
                .at_once(|unit| check_at_once(unit, asked, memory, locking, durability));
            match outcome {
                Ok(Some(answers)) => {
                    self.answering.note(durability);
                    return Ok(Some(answers));
                }
                Err(error @ (DbError::Unavailable(_) | DbError::Locked(_))) => return Err(error),
                // The next way finds what was there; under locks whoever comes waits.
                Ok(None) | Err(_) => *caution = CAUTION,
            }
        }
        Ok(None)
    }

    /// Decides checks in a transaction, on accounts that are locked. On PostgreSQL alone.
    fn decide_under_locks(&mut self, asked: &[CheckRequest]) -> Result<Vec<Answered>, DbError> {
        let memory = &mut self.memory;
        self.session
            .maintain(&self.caller, Durability::AtOnce, |tx| {
                check_with(tx, asked, memory, Locking::Reserving)
            })
    }

    /// Decides checks where nobody else writes meanwhile, on SQLite: on what is remembered, as long as nobody wrote
    /// since.
    fn decide_as_only_writer(&mut self, asked: &[CheckRequest]) -> Result<Vec<Answered>, DbError> {
        if self.doubtful > 0 {
            self.doubtful -= 1;
        } else if asked.iter().all(|one| one.kind == CheckKind::Check) {
            match self.decide_by(asked, Locking::Memory) {
                // An order or a key that is there already, which the other way finds.
                Err(DbError::Duplicate { .. }) => self.doubtful = CAUTION,
                outcome => return outcome,
            }
        }
        self.decide_by(asked, Locking::Reserving)
    }

    fn decide_by(
        &mut self,
        asked: &[CheckRequest],
        locking: Locking,
    ) -> Result<Vec<Answered>, DbError> {
        let durability = self.answering.durability(asked.len() > 1);
        let answers = self.as_only_writer(durability, |tx, memory| {
            check_with(tx, asked, memory, locking)
        })?;
        self.answering.note(durability);
        Ok(answers)
    }

    /// Runs `work` in a transaction beside which nobody writes, with what is remembered where nobody wrote since it was
    /// left. On SQLite alone.
    fn as_only_writer<T>(
        &mut self,
        durability: Durability,
        mut work: impl FnMut(&mut Tx, &mut Memory) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        let memory = &mut self.memory;
        let (value, last_entry) = self.session.maintain(&self.caller, durability, |tx| {
            let before = trail::last_seq(tx)?;
            memory.believe_until(before);
            let outcome = work(tx, memory).and_then(|value| Ok((value, trail::last_seq(tx)?)));
            if outcome.is_err() {
                // Nothing will have been written.
                memory.leave(before);
            }
            outcome
        })?;
        // Only now is it sure that this is what was left.
        memory.leave(last_entry);
        Ok(value)
    }
}

/// Decides checks in order, in the transaction at hand, and records them. The answers come in the same order.
///
/// # Errors
/// When the database fails; what is wrong with one check is its own answer.
pub fn check_all(tx: &mut Tx, asked: &[CheckRequest]) -> Result<Vec<Answered>, DbError> {
    check_with(tx, asked, &mut Memory::default(), Locking::Reserving)
}

fn check_with(
    tx: &mut Tx,
    asked: &[CheckRequest],
    memory: &mut Memory,
    locking: Locking,
) -> Result<Vec<Answered>, DbError> {
    let mut batch = Batch::load_with(tx, asked, memory, locking)?;
    let mut answers = batch.answer_all(asked)?;
    if batch.is_in_doubt() {
        batch = Batch::load_with(tx, asked, memory, Locking::Reserving)?;
        answers = batch.answer_all(asked)?;
    }
    batch.save_with(tx, asked, &answers, memory)?;
    Ok(answers)
}

fn check_at_once(
    unit: &mut AtOnce,
    asked: &[CheckRequest],
    memory: &mut Memory,
    locking: Locking,
    durability: Durability,
) -> Result<Option<Vec<Answered>>, DbError> {
    let Some(mut batch) = Batch::load_at_once(unit, asked, memory, locking)? else {
        return Ok(None);
    };
    let mut answers = batch.answer_all(asked)?;
    if batch.is_in_doubt() {
        // Nobody else is at the accounts: what stands for the orders must be asked, no more.
        match Batch::load_at_once(unit, asked, memory, Locking::Marks)? {
            Some(looked_up) => batch = looked_up,
            None => return Ok(None),
        }
        answers = batch.answer_all(asked)?;
    }
    let is_saved = batch.save_at_once(unit, asked, &answers, memory, durability)?;
    Ok(is_saved.then_some(answers))
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
