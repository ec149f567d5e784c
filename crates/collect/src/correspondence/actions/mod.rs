//! What is done with messages.

mod people;
mod queue;
mod sending;

pub use people::{PrintQueue, cancel, mark_sent, print, report, report_notification, retry};
pub use queue::{cancel_about, queue, sender_of};
pub use sending::{Taken, claim, finish};

use super::model::{Message, MessageStatus};
use super::rules::mail::MailError;
use super::rules::report::ReportError;
use super::store;
use crate::platform::db::{Change, DbError, Retryable, Tx};
use kernel::clock::Instant;

/// Why a use case on messages was refused.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    #[error("there is no such message")]
    Missing,
    #[error("there is no such message")]
    Unknown { index: usize },
    #[error("must be a letter that waits to be posted")]
    NotALetter { index: usize },
    #[error("the message is {0}")]
    Is(MessageStatus),
    #[error("the message is being sent")]
    BeingSent,
    #[error("must not be in the future")]
    InFuture,
    #[error("the legal entity has no e-mail address in its letter_sender")]
    NoSender,
    #[error("the row has another version")]
    Stale,
    #[error("the e-mail can't be made: {0}")]
    Mail(#[from] MailError),
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl Retryable for MessageError {
    fn is_retryable(&self) -> bool {
        matches!(self, MessageError::Db(error) if error.is_retryable())
    }
}

/// Writes a message as it becomes, and records it.
fn move_on(
    tx: &mut Tx,
    action: &'static str,
    before: &Message,
    after: Message,
    lease: Option<Instant>,
) -> Result<Option<Message>, MessageError> {
    let after = Message {
        changed_at: tx.now(),
        version: before.version.saturating_add(1),
        lease_until: None,
        ..after
    };
    if !store::save(tx, &after, before.version, lease)? {
        return Ok(None);
    }
    let mut change = Change::new(action, after.id).before(before).after(&after);
    if let Some(reason) = &after.status_reason {
        change = change.because(reason);
    }
    tx.record(change)?;
    Ok(Some(after))
}

/// The message as it is when it is cancelled.
fn cancelled(tx: &Tx, before: &Message, reason: &str) -> Message {
    Message {
        status: MessageStatus::Cancelled,
        status_reason: Some(reason.to_owned()),
        next_attempt_at: None,
        ended_at: Some(tx.now()),
        ..before.clone()
    }
}
