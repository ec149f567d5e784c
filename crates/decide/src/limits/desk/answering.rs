//! Answering a batch: at once when it is on disk, else when somebody made sure.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SendError, SyncSender, sync_channel};
use std::time::Duration;

use tokio::sync::oneshot;

use super::figures::{DeskFigures, Fallback};
use super::settings::DeskSettings;
use super::{Answered, CheckRequest, DeskError, DeskOpenError};
use crate::platform::db::{Backend, Database, Durability, Flusher, FlusherConnection, fault};
use crate::platform::http::Ended;

/// How many batches wait for the disk at most; then the workers wait with them.
const BATCHES_MAX: usize = 4;
/// After how long without a batch it is looked whether the connection still stands.
const IDLE: Duration = Duration::from_secs(2);

/// A check that waits at the counter.
pub struct Waiting {
    pub asked: CheckRequest,
    pub reply: ReplySender,
}

pub type ReplySender = oneshot::Sender<Answered>;

/// A batch that was decided, and may not be on disk.
struct DecidedBatch {
    answers: Vec<(ReplySender, Answered)>,
    /// The flusher's connection since before the batch was decided.
    connection: u64,
}

/// How a worker answers.
#[derive(Clone)]
pub struct Answering {
    /// To whoever makes sure, where batches need not wait for the disk by themselves.
    to_be_flushed: Option<(SyncSender<DecidedBatch>, FlusherConnection)>,
    /// The flusher's connection when the batch at hand was begun.
    connection: u64,
    /// Whether something of the batch at hand may not be on disk.
    is_pending: bool,
}

impl Answering {
    /// Starts the thread that makes sure; it ends with the last worker.
    ///
    /// # Errors
    /// When it can't be started, or has no connection.
    pub fn open(
        database: &Database,
        settings: &DeskSettings,
        figures: &DeskFigures,
    ) -> Result<Answering, DeskOpenError> {
        let mut answering = Answering {
            to_be_flushed: None,
            connection: 0,
            is_pending: false,
        };
        let is_on = match database.backend() {
            Backend::Postgres => settings.group_commit.is_on(),
            Backend::Sqlite => settings.flusher.is_on(),
        };
        if is_on && let Some(flusher) = database.flusher()? {
            let figures = figures.clone();
            let (to_be_flushed, decided) = sync_channel(BATCHES_MAX);
            let connection = flusher.connection();
            std::thread::Builder::new()
                .name("credit-desk-disk".to_owned())
                .spawn(move || flush_all(flusher, &decided, &figures))?;
            answering.to_be_flushed = Some((to_be_flushed, connection));
        }
        Ok(answering)
    }

    /// Begins a batch, before anything of it is read or written.
    pub fn begin(&mut self) {
        self.is_pending = false;
        if let Some((_, connection)) = &self.to_be_flushed {
            self.connection = connection.number();
        }
    }

    /// How a batch is to be written that would keep others waiting, or would not.
    pub const fn durability(&self, others_wait: bool) -> Durability {
        if others_wait && self.to_be_flushed.is_some() {
            Durability::Later
        } else {
            Durability::AtOnce
        }
    }

    /// Notes how something of the batch at hand was written.
    pub fn note(&mut self, durability: Durability) {
        self.is_pending |= durability == Durability::Later;
    }

    /// Gives each its answer. What was answered before may be what another server has not made sure of yet.
    pub fn answer(&mut self, replies: Vec<ReplySender>, answers: Vec<Answered>) {
        let repeats = |answer: &Answered| matches!(answer, Ok(Ended::Replayed(_)));
        let is_pending = self.is_pending || answers.iter().any(repeats);
        let answers = replies.into_iter().zip(answers);
        match &self.to_be_flushed {
            Some((to_be_flushed, _)) if is_pending => {
                let decided = DecidedBatch {
                    answers: answers.collect(),
                    connection: self.connection,
                };
                if let Err(SendError(decided)) = to_be_flushed.send(decided) {
                    send_replies(decided.answers, false);
                }
            }
            _ => send_replies(answers, true),
        }
    }
}

/// Makes sure of all that was decided meanwhile in one go, as long as there are workers.
fn flush_all(mut flusher: Flusher, decided: &Receiver<DecidedBatch>, figures: &DeskFigures) {
    loop {
        let first = match decided.recv_timeout(IDLE) {
            Ok(first) => first,
            Err(RecvTimeoutError::Timeout) => {
                flusher.stay_connected();
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let batches: Vec<DecidedBatch> = std::iter::once(first).chain(decided.try_iter()).collect();
        let outcome = fault("desk_before_flush").and_then(|()| flusher.flush());
        if let Err(error) = &outcome {
            tracing::warn!(%error, "it is not known whether decisions are on disk");
            figures.fell_back(Fallback::NotFlushed);
        }
        for batch in batches {
            let is_sure = matches!(outcome, Ok(connection) if connection == batch.connection);
            send_replies(batch.answers, is_sure);
        }
    }
}

/// Answers, unless it is not known whether the answers last: a retry will find out.
fn send_replies(answered: impl IntoIterator<Item = (ReplySender, Answered)>, are_sure: bool) {
    for (reply, answer) in answered {
        let answer = if are_sure {
            answer
        } else {
            Err(DeskError::Unavailable)
        };
        // The caller may have gone meanwhile; the decision stands, and a retry with its key finds it.
        let _ = reply.send(answer);
    }
}
