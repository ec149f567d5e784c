//! A worker of the desk: a thread that decides batches, and the ways in which it may.

use super::answering::Answering;
use super::batch::Batch;
use super::figures::{DeskFigures, Fallback, Recheck, Way};
use super::memory::Memory;
use super::read_ahead::ReadAhead;
use super::recheck::recheck;
use super::settings::DeskSettings;
use super::{Answered, CheckRequest, DeskError, DeskOpenError};
use crate::book::exposure::store as accounts;
use crate::decide::limits::check::CheckKind;
use crate::platform::db::{AtOnce, Backend, Database, DbError, Durability, Session, Tx};
use crate::platform::trail::store as trail;
use kernel::caller::Caller;

/// For how many batches memory is not relied on after one met somebody else.
const CAUTION: usize = 16;

/// A thread that decides batches, with its own connection.
pub struct Worker {
    pub(super) session: Session,
    caller: Caller,
    pub(super) memory: Memory,
    pub(super) answering: Answering,
    pub(super) figures: DeskFigures,
    pub(super) read_ahead: ReadAhead,
    settings: DeskSettings,
    pub(super) backend: Backend,
    /// For how many batches still memory is not relied on, because somebody else was at the same accounts.
    doubtful: usize,
}

/// What came of deciding from memory.
enum FromMemory {
    Decided(Vec<Answered>),
    /// More must be read, such as whether an order has a reservation already, or more is to be written than this way can.
    NotEnough,
    /// Deciding again from freshly read facts came to something else.
    Different,
}

impl Worker {
    pub(super) fn new(
        database: &Database,
        caller: &Caller,
        settings: &DeskSettings,
        answering: Answering,
        figures: &DeskFigures,
    ) -> Result<Worker, DeskOpenError> {
        Ok(Worker {
            session: database.session()?,
            caller: caller.clone(),
            memory: Memory::default(),
            answering,
            figures: figures.clone(),
            read_ahead: ReadAhead::of(if settings.memory.is_on() {
                settings.read_ahead
            } else {
                0
            }),
            settings: settings.clone(),
            backend: database.backend(),
            doubtful: 0,
        })
    }

    /// Decides checks in one unit of work, by the quickest way that can.
    pub(super) fn decide_together(
        &mut self,
        asked: &[CheckRequest],
    ) -> Result<(Vec<Answered>, Way), DbError> {
        let decide = std::panic::AssertUnwindSafe(|| {
            if self.may_use_memory(asked)
                && let Some(answers) = self.decide_from_memory(asked)?
            {
                return Ok((answers, Way::Memory));
            }
            Ok((self.decide_under_locks(asked)?, Way::Read))
        });
        std::panic::catch_unwind(decide).unwrap_or_else(|_| {
            self.memory = Memory::default();
            Ok((internal("the credit desk panicked", asked), Way::Read))
        })
    }

    /// Whether memory is to be asked. Only plain checks are decided from it, and it can't be told to be right without
    /// writing.
    fn may_use_memory(&mut self, asked: &[CheckRequest]) -> bool {
        if !self.settings.memory.is_on() {
            self.memory = Memory::default();
            return false;
        }
        if self.doubtful > 0 {
            self.doubtful -= 1;
            return false;
        }
        let writes =
            self.backend == Backend::Sqlite || asked.iter().any(|one| !one.input.is_dry_run());
        // Under caps everything is decided with them locked.
        writes && !self.memory.has_caps() && asked.iter().all(|one| one.kind == CheckKind::Check)
    }

    /// Decides checks from memory; none when another way must be taken.
    ///
    /// # Errors
    /// When the database is not there, or somebody else has locked an account.
    fn decide_from_memory(
        &mut self,
        asked: &[CheckRequest],
    ) -> Result<Option<Vec<Answered>>, DbError> {
        // A lone caller gains nothing by having another thread wait for the disk.
        let durability = self.answering.durability(asked.len() > 1);
        let outcome = match self.backend {
            Backend::Postgres => self.decide_at_once(asked, durability),
            Backend::Sqlite => self.decide_as_only_writer(asked, durability),
        };
        match outcome {
            Ok(FromMemory::Decided(answers)) => {
                self.answering.note(durability);
                return Ok(Some(answers));
            }
            Ok(FromMemory::NotEnough) => self.figures.fell_back(Fallback::NotEnough),
            Ok(FromMemory::Different) => {
                self.figures.fell_back(Fallback::Different);
                self.memory = Memory::default();
                if cfg!(debug_assertions) {
                    let reason = "a decision from memory differs from one from fresh facts";
                    return Ok(Some(internal(reason, asked)));
                }
            }
            Err(error @ (DbError::Unavailable(_) | DbError::Locked(_))) => return Err(error),
            Err(error) => {
                // Somebody else was there; under locks whoever comes waits.
                tracing::info!(%error, checks = asked.len(), "a batch was not decided from memory");
                self.figures.fell_back(Fallback::Failed);
                self.doubtful = CAUTION;
            }
        }
        Ok(None)
    }

    /// Decides checks on accounts that are not locked, and writes all in one statement that looks whether they are still
    /// the same. On PostgreSQL alone.
    fn decide_at_once(
        &mut self,
        asked: &[CheckRequest],
        durability: Durability,
    ) -> Result<FromMemory, DbError> {
        let is_rechecked = self.is_rechecked();
        let (memory, figures) = (&mut self.memory, &self.figures);
        // The way before may have lost the connection.
        memory.forget_unless_by(self.session.connection_number()?);
        let work = |unit: &mut AtOnce| {
            let Some(mut batch) = Batch::load_at_once(unit, asked, memory)? else {
                return Ok(FromMemory::NotEnough);
            };
            let answers = batch.answer_all(asked)?;
            if batch.is_in_doubt() {
                return Ok(FromMemory::NotEnough);
            }
            if is_rechecked {
                accounts::lock_at_once(unit, &batch.moved_customers())?;
                let outcome = recheck(unit, &batch, asked, &answers)?;
                figures.rechecked(outcome);
                if outcome == Recheck::Different {
                    return Ok(FromMemory::Different);
                }
            }
            let is_saved = batch.save_at_once(unit, asked, &answers, memory, durability)?;
            Ok(if is_saved {
                FromMemory::Decided(answers)
            } else {
                FromMemory::NotEnough
            })
        };
        if is_rechecked {
            self.session.at_once_in_transaction(work)
        } else {
            self.session.at_once(work)
        }
    }

    /// Decides checks where nobody else writes meanwhile, on what is remembered as long as nobody wrote since. On SQLite
    /// alone.
    fn decide_as_only_writer(
        &mut self,
        asked: &[CheckRequest],
        durability: Durability,
    ) -> Result<FromMemory, DbError> {
        let is_rechecked = self.is_rechecked();
        let figures = self.figures.clone();
        self.as_only_writer(durability, |tx, memory| {
            let mut batch = Batch::load_as_only_writer(tx, asked, memory)?;
            let answers = batch.answer_all(asked)?;
            if batch.is_in_doubt() {
                return Ok(FromMemory::NotEnough);
            }
            if is_rechecked {
                let outcome = recheck(tx, &batch, asked, &answers)?;
                figures.rechecked(outcome);
                if outcome == Recheck::Different {
                    return Ok(FromMemory::Different);
                }
            }
            batch.save_with(tx, asked, &answers, memory)?;
            Ok(FromMemory::Decided(answers))
        })
    }

    /// Whether the next batch from memory is decided again from freshly read facts.
    fn is_rechecked(&self) -> bool {
        cfg!(debug_assertions) || fastrand::u32(..1_000_000) < self.settings.recheck_sample_ppm
    }

    /// Decides checks in a transaction, on accounts that are locked.
    fn decide_under_locks(&mut self, asked: &[CheckRequest]) -> Result<Vec<Answered>, DbError> {
        if self.backend == Backend::Postgres {
            let memory = &mut self.memory;
            return self
                .session
                .maintain(&self.caller, Durability::AtOnce, |tx| {
                    check_under_locks(tx, asked, memory)
                });
        }
        let durability = self.answering.durability(asked.len() > 1);
        let answers = self.as_only_writer(durability, |tx, memory| {
            check_under_locks(tx, asked, memory)
        })?;
        self.answering.note(durability);
        Ok(answers)
    }

    /// Runs `work` in a transaction beside which nobody writes, with what is remembered where nobody wrote since it was
    /// left. On SQLite alone.
    pub(super) fn as_only_writer<T>(
        &mut self,
        durability: Durability,
        mut work: impl FnMut(&mut Tx, &mut Memory) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        let memory = &mut self.memory;
        let (value, last_entry) = self.session.maintain(&self.caller, durability, |tx| {
            let before = trail::last_seq(tx)?;
            memory.forget_unless_at(before);
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

/// Decides checks in order on accounts that are locked, and records them.
///
/// # Errors
/// When the database fails; what is wrong with one check is its own answer.
pub fn check_under_locks(
    tx: &mut Tx,
    asked: &[CheckRequest],
    memory: &mut Memory,
) -> Result<Vec<Answered>, DbError> {
    let mut batch = Batch::load_with(tx, asked, memory)?;
    let answers = batch.answer_all(asked)?;
    batch.save_with(tx, asked, &answers, memory)?;
    Ok(answers)
}

fn internal(reason: &'static str, asked: &[CheckRequest]) -> Vec<Answered> {
    let answer = |_| Err(DeskError::Internal(reason));
    asked.iter().map(answer).collect()
}
