//! Checks whose accounts somebody else has locked are postponed, so that nobody else's wait for them.
//!
//! A worker waits for a lock for half a second at most. Then it asks which accounts are locked, decides everybody else's
//! checks, and looks at those that it postponed again and again, before whatever comes new, for ten seconds.

use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant as Stopwatch};

use super::answering::{ReplySender, Waiting};
use super::figures::{Fallback, Way};
use super::worker::Worker;
use super::{Answered, CheckRequest, DeskError};
use crate::decide::limits::store;
use crate::platform::db::DbError;
use crate::platform::idempotency;
use kernel::ids::CustomerId;

/// How many checks one transaction decides at most.
const BATCH_MAX: usize = 256;
/// How long a batch waits at most for those who were in the last one.
const PATIENCE: Duration = Duration::from_micros(400);
/// How long a check waits for a lock at most, as everybody else does.
const LOCKED_MAX: Duration = Duration::from_secs(10);
/// After how long it is looked whether locked accounts are free again.
const PAUSE: Duration = Duration::from_millis(50);
/// How long checks that are decided one by one keep the next batch waiting for locks.
const ALONE_MAX: Duration = Duration::from_secs(1);
/// How many checks are postponed at most.
const POSTPONED_MAX: usize = 4_096;

/// A check that waits at the counter, since when, and whether its account was locked when it was looked at.
struct WaitingCheck {
    waiting: Waiting,
    since: Stopwatch,
    was_locked: bool,
}

/// What became of a check; none when its account is locked.
type Decided = Option<Answered>;

impl Worker {
    /// Serves until the desk is closed.
    pub(super) fn serve(&mut self, waiting: &Receiver<Waiting>) {
        let mut last = 0;
        let mut postponed: Vec<WaitingCheck> = Vec::new();
        loop {
            let new = if postponed.is_empty() {
                match self.next(waiting) {
                    Some(first) => gather(first, waiting, last),
                    None => return,
                }
            } else {
                match waiting.recv_timeout(PAUSE) {
                    Ok(first) => gather(first, waiting, last),
                    Err(RecvTimeoutError::Timeout) => Vec::new(),
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            };
            last = new.len();
            self.figures.dequeued(last);
            let since = Stopwatch::now();
            postponed.extend(new.into_iter().map(|waiting| WaitingCheck {
                waiting,
                since,
                was_locked: false,
            }));
            // A caller that gave up costs nothing.
            postponed.retain(|one| !one.waiting.reply.is_closed());
            postponed = self.serve_all(postponed);
        }
    }

    /// Decides the checks in line and answers them; gives those whose accounts are locked.
    fn serve_all(&mut self, line: Vec<WaitingCheck>) -> Vec<WaitingCheck> {
        let mut locked = if line.iter().any(|one| one.was_locked) {
            let asked: Vec<&CheckRequest> = line.iter().map(|one| &one.waiting.asked).collect();
            self.find_locked(&asked)
        } else {
            vec![false; line.len()]
        }
        .into_iter();
        let (mut postponed, mut free) = (Vec::new(), Vec::new());
        for one in line {
            if locked.next().unwrap_or_default() {
                postpone(&mut postponed, one);
            } else {
                free.push(one);
            }
        }
        while !free.is_empty() {
            let rest = free.split_off(free.len().min(BATCH_MAX));
            self.serve_batch(free, &mut postponed);
            free = rest;
        }
        postponed
    }

    fn serve_batch(&mut self, batch: Vec<WaitingCheck>, postponed: &mut Vec<WaitingCheck>) {
        let mut asked = Vec::with_capacity(batch.len());
        let mut callers: Vec<(ReplySender, Stopwatch)> = Vec::with_capacity(batch.len());
        for one in batch {
            asked.push(one.waiting.asked);
            callers.push((one.waiting.reply, one.since));
        }
        self.figures.batch(asked.len());
        self.answering.begin();
        let decided = self.decide_batch(&asked);
        let (mut replies, mut answers) = (Vec::new(), Vec::new());
        for ((asked, (reply, since)), decided) in asked.into_iter().zip(callers).zip(decided) {
            if let Some(answer) = decided {
                replies.push(reply);
                answers.push(answer);
            } else {
                let waiting = Waiting { asked, reply };
                postpone(
                    postponed,
                    WaitingCheck {
                        waiting,
                        since,
                        was_locked: true,
                    },
                );
            }
        }
        self.answering.answer(replies, answers);
    }

    /// Decides a batch. One that fails for a check in it is decided one by one; one that the database is not there for
    /// is not, or the last in it would wait as many times as there are checks. Where somebody else has locked accounts,
    /// the others' checks are decided.
    fn decide_batch(&mut self, asked: &[CheckRequest]) -> Vec<Decided> {
        match self.decide_together(asked) {
            Ok((answers, way)) => {
                self.figures.decided(way, answers.len());
                answers.into_iter().map(Some).collect()
            }
            Err(DbError::Unavailable(reason)) => {
                tracing::warn!(reason, checks = asked.len(), "the database is unavailable");
                asked
                    .iter()
                    .map(|_| Some(Err(DeskError::Unavailable)))
                    .collect()
            }
            Err(DbError::Locked(reason)) => {
                tracing::info!(reason, checks = asked.len(), "accounts are locked");
                self.figures.fell_back(Fallback::Locked);
                self.decide_free(asked)
            }
            Err(error) => {
                tracing::info!(%error, checks = asked.len(), "a batch failed; its checks are decided one by one");
                self.figures.fell_back(Fallback::BatchFailed);
                self.decide_one_by_one(asked)
            }
        }
    }

    /// Decides those checks whose accounts nobody has locked.
    fn decide_free(&mut self, asked: &[CheckRequest]) -> Vec<Decided> {
        let locked = self.find_locked(&asked.iter().collect::<Vec<_>>());
        let free: Vec<CheckRequest> = asked
            .iter()
            .zip(&locked)
            .filter(|(_, is_locked)| !**is_locked)
            .map(|(one, _)| one.clone())
            .collect();
        let decided = if free.len() == asked.len() {
            self.decide_one_by_one(&free)
        } else if free.is_empty() {
            Vec::new()
        } else {
            match self.decide_together(&free) {
                Ok((answers, way)) => {
                    self.figures.decided(way, answers.len());
                    answers.into_iter().map(Some).collect()
                }
                Err(error) => {
                    tracing::info!(%error, checks = free.len(), "the checks that nobody holds up are decided one by one");
                    self.figures.fell_back(Fallback::BatchFailed);
                    self.decide_one_by_one(&free)
                }
            }
        };
        let mut decided = decided.into_iter();
        locked
            .into_iter()
            .map(|is_locked| {
                if is_locked {
                    None
                } else {
                    decided.next().flatten()
                }
            })
            .collect()
    }

    fn decide_one_by_one(&mut self, asked: &[CheckRequest]) -> Vec<Decided> {
        let mut waited = Duration::ZERO;
        asked
            .iter()
            .map(|one| {
                if waited >= ALONE_MAX {
                    return None;
                }
                let since = Stopwatch::now();
                match self.decide_alone(one) {
                    Ok(answer) => Some(answer),
                    Err(DbError::Locked(_)) => {
                        waited += since.elapsed();
                        None
                    }
                    Err(error) => Some(Err(error.into())),
                }
            })
            .collect()
    }

    /// Decides one check, and a second time when another server answered its key meanwhile: now the answer is there.
    fn decide_alone(&mut self, one: &CheckRequest) -> Result<Answered, DbError> {
        let one = std::slice::from_ref(one);
        let answers = match self.decide_together(one) {
            Err(error) if idempotency::was_taken(&error) => {
                tracing::info!(%error, "another server answered the same key; its answer is looked up");
                self.figures.fell_back(Fallback::BatchFailed);
                self.decide_together(one)
            }
            answers => answers,
        };
        let (mut answers, _) = answers?;
        self.figures.decided(Way::OneByOne, answers.len());
        Ok(answers
            .pop()
            .unwrap_or_else(|| Err(DeskError::Internal("a check without an answer"))))
    }

    /// Of which of these checks somebody else has locked the account, or that of a group: only who reserves needs it.
    fn find_locked(&mut self, asked: &[&CheckRequest]) -> Vec<bool> {
        let lines: Vec<Vec<CustomerId>> = asked
            .iter()
            .map(|one| match self.memory.line(&one.input.customer) {
                Some((id, above)) if one.input.reserves() => {
                    std::iter::once(id).chain(above).collect()
                }
                _ => Vec::new(),
            })
            .collect();
        let everyone: BTreeSet<CustomerId> = lines.iter().flatten().copied().collect();
        let everyone: Vec<CustomerId> = everyone.into_iter().collect();
        let locked = self.session.read(|db| store::list_locked(db, &everyone));
        let locked: BTreeSet<CustomerId> = match locked {
            Ok(locked) => locked.into_iter().collect(),
            Err(error) => {
                tracing::info!(%error, "it is not known which accounts are locked");
                self.figures.fell_back(Fallback::LocksUnknown);
                BTreeSet::new()
            }
        };
        lines
            .iter()
            .map(|line| line.iter().any(|id| locked.contains(id)))
            .collect()
    }
}

/// Has a check wait on, unless it waited long enough, or too many do.
fn postpone(postponed: &mut Vec<WaitingCheck>, one: WaitingCheck) {
    let error = if one.since.elapsed() >= LOCKED_MAX {
        DeskError::Unavailable
    } else if postponed.len() >= POSTPONED_MAX {
        DeskError::Overloaded
    } else {
        postponed.push(WaitingCheck {
            was_locked: true,
            ..one
        });
        return;
    };
    // The caller may have gone meanwhile.
    let _ = one.waiting.reply.send(Err(error));
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
