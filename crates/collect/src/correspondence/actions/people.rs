//! What people and other systems do with messages.

use chrono::Duration;

use super::sending::find_obstacle;
use super::{MessageError, cancelled, move_on};
use crate::collect::correspondence::input::{DeliveryIn, DeliveryOutcome, MarkSentIn};
use crate::collect::correspondence::model::{Message, MessageChannel, MessageStatus};
use crate::collect::correspondence::rules::report::{self, Reported};
use crate::collect::correspondence::store;
use crate::platform::db::Tx;
use kernel::ids::MessageId;
use kernel::text::Note;

/// How far a clock elsewhere may be ahead of ours.
const AHEAD_SECONDS_MAX: i64 = 300;

/// As many letters are printed at once.
const PRINTED_AT_ONCE: i64 = 200;

fn lock(tx: &mut Tx, id: MessageId, version: i64) -> Result<Message, MessageError> {
    let message = store::lock(tx, id)?.ok_or(MessageError::Missing)?;
    if message.version != version {
        return Err(MessageError::Stale);
    }
    Ok(message)
}

/// Cancels a message that waits.
///
/// # Errors
/// When it is not there, changed since `version`, does not wait, or is being sent.
pub fn cancel(
    tx: &mut Tx,
    id: MessageId,
    version: i64,
    reason: &Note,
) -> Result<Message, MessageError> {
    let before = lock(tx, id, version)?;
    if before.status != MessageStatus::Queued {
        return Err(MessageError::Is(before.status));
    }
    if before.lease_until.is_some_and(|until| until > tx.now()) {
        return Err(MessageError::BeingSent);
    }
    let after = cancelled(tx, &before, reason.as_str());
    move_on(tx, "message.cancelled", &before, after, None)?.ok_or(MessageError::Stale)
}

/// Has a message tried again that was given up.
///
/// # Errors
/// When it is not there, changed since `version`, or has not failed.
pub fn retry(tx: &mut Tx, id: MessageId, version: i64) -> Result<Message, MessageError> {
    let before = lock(tx, id, version)?;
    if before.status != MessageStatus::Failed {
        return Err(MessageError::Is(before.status));
    }
    let after = Message {
        status: MessageStatus::Queued,
        attempts: 0,
        next_attempt_at: Some(tx.now()),
        ended_at: None,
        ..before.clone()
    };
    move_on(tx, "message.queued", &before, after, None)?.ok_or(MessageError::Stale)
}

/// Writes down that letters were posted, all of them or none.
///
/// # Errors
/// When one is not there, is no letter, or does not wait.
pub fn mark_sent(tx: &mut Tx, input: &MarkSentIn) -> Result<Vec<Message>, MessageError> {
    let mut named: Vec<(usize, MessageId)> = (0..).zip(input.message_ids.iter().copied()).collect();
    // Locked in one order, whatever the order in which they are named.
    named.sort_unstable_by_key(|(_, id)| *id);
    named.dedup_by_key(|(_, id)| *id);
    let mut marked = Vec::new();
    for (index, id) in named {
        let before = store::lock(tx, id)?.ok_or(MessageError::Unknown { index })?;
        let is_letter = before.channel == MessageChannel::Letter;
        if !is_letter || before.status != MessageStatus::Queued {
            return Err(MessageError::NotALetter { index });
        }
        let after = Message {
            status: MessageStatus::Sent,
            sent_at: Some(tx.now()),
            ..before.clone()
        };
        let after = move_on(tx, "message.sent", &before, after, None)?;
        marked.push(after.ok_or(MessageError::Stale)?);
    }
    Ok(marked)
}

/// For how long letters are those of whoever prints them.
const PRINTING_MINUTES: i64 = 60;

/// What a person prints now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrintQueue {
    pub letters: Vec<Message>,
    /// What held no longer, and is cancelled now.
    pub cancelled: Vec<Message>,
}

/// The letters that wait and that nobody else prints, the oldest first and each looked at once more: one that holds no longer is
/// cancelled. They are the caller's for an hour: nobody else is given them, and nothing cancels them.
///
/// # Errors
/// When the database fails.
pub fn print(tx: &mut Tx) -> Result<PrintQueue, MessageError> {
    let mut queue = PrintQueue {
        letters: Vec::new(),
        cancelled: Vec::new(),
    };
    for message in store::list_waiting_letters(tx, PRINTED_AT_ONCE)? {
        let Some(reason) = find_obstacle(tx, &message)? else {
            queue.letters.push(message);
            continue;
        };
        let after = cancelled(tx, &message, &reason);
        let after = move_on(tx, "message.cancelled", &message, after, None)?;
        queue.cancelled.extend(after);
    }
    let ids: Vec<MessageId> = queue.letters.iter().map(|letter| letter.id).collect();
    store::lease(tx, &ids, tx.now().plus(Duration::minutes(PRINTING_MINUTES)))?;
    tx.is_its_own_record();
    Ok(queue)
}

/// Writes down what became of a message that was sent. The same again changes nothing.
///
/// # Errors
/// When it is not there, was not sent, or the instant has not come.
pub fn report(tx: &mut Tx, id: MessageId, input: &DeliveryIn) -> Result<Message, MessageError> {
    let latest = tx.now().plus(Duration::seconds(AHEAD_SECONDS_MAX));
    if input.occurred_at.is_some_and(|at| at > latest) {
        return Err(MessageError::InFuture);
    }
    let before = store::lock(tx, id)?.ok_or(MessageError::Missing)?;
    let (action, status) = match input.outcome {
        DeliveryOutcome::Delivered => ("message.delivered", MessageStatus::Delivered),
        DeliveryOutcome::Bounced => ("message.bounced", MessageStatus::Bounced),
    };
    if before.status == status {
        return Ok(before);
    }
    let may_follow = match status {
        MessageStatus::Delivered => before.status == MessageStatus::Sent,
        _ => matches!(
            before.status,
            MessageStatus::Sent | MessageStatus::Delivered
        ),
    };
    if !may_follow {
        return Err(MessageError::Is(before.status));
    }
    let after = Message {
        status,
        status_reason: input.detail.as_ref().map(ToString::to_string),
        ended_at: Some(input.occurred_at.unwrap_or_else(|| tx.now())),
        ..before.clone()
    };
    move_on(tx, action, &before, after, None)?.ok_or(MessageError::Stale)
}

/// Reads a delivery status notification (RFC 3464), and writes down what it says of the message that it is about. One that
/// says that nothing is decided yet changes nothing.
///
/// # Errors
/// When it is none, is about no message of ours, or that was not sent.
pub fn report_notification(tx: &mut Tx, bytes: &[u8]) -> Result<Message, MessageError> {
    let said = report::read(bytes)?;
    let outcome = match said.outcome {
        Reported::Delivered => DeliveryOutcome::Delivered,
        Reported::Failed => DeliveryOutcome::Bounced,
        Reported::Undecided => return store::lock(tx, said.message)?.ok_or(MessageError::Missing),
    };
    let detail = said.detail.and_then(|text| text.parse().ok());
    let input = DeliveryIn {
        outcome,
        occurred_at: None,
        detail,
    };
    report(tx, said.message, &input)
}
