//! Sending what is due: taken, looked at once more, and written off.

use chrono::Duration;

use super::{MessageError, cancelled, move_on};
use crate::book::receivables::store as receivables;
use crate::collect::correspondence::model::{Message, MessageStatus};
use crate::collect::correspondence::sender::Attempt;
use crate::collect::correspondence::{rules, standing, store};
use crate::platform::db::{DbError, Tx, fault};
use kernel::clock::Instant;
use kernel::ids::{ItemId, MessageId};

/// How long a server has a message for itself: longer than an attempt may take.
const LEASE_SECONDS: i64 = 720;

/// A message that this server sends now.
#[derive(Debug, Clone)]
pub struct Taken {
    pub message: Message,
    pub lease: Instant,
    pub bytes: Vec<u8>,
}

/// Takes what is due for this server. What no longer holds is cancelled instead.
///
/// # Errors
/// When the database fails.
pub fn claim(tx: &mut Tx, limit: i64) -> Result<Vec<Taken>, MessageError> {
    let now = tx.now();
    let lease = now.plus(Duration::seconds(LEASE_SECONDS));
    let mut taken = Vec::new();
    for message in store::list_due(tx, now, limit)? {
        if let Some(reason) = find_obstacle(tx, &message)? {
            let after = cancelled(tx, &message, &reason);
            move_on(tx, "message.cancelled", &message, after, None)?;
            continue;
        }
        let bytes = store::find_bytes(tx, message.id)?.unwrap_or_default();
        taken.push(Taken {
            message,
            lease,
            bytes,
        });
    }
    let ids: Vec<MessageId> = taken.iter().map(|one| one.message.id).collect();
    store::lease(tx, &ids, lease)?;
    fault("messages_claimed")?;
    Ok(taken)
}

/// Why a message may not go out any more: what it asks for was paid meanwhile, or its room says so.
pub(super) fn find_obstacle(tx: &mut Tx, message: &Message) -> Result<Option<String>, DbError> {
    let asked = message.asked()?;
    let ids: Vec<ItemId> = asked.iter().map(|one| one.item_id).collect();
    let items = receivables::list_items_by_ids(tx, &ids)?;
    if let Some(reason) = rules::find_paid(&asked, &items) {
        return Ok(Some(reason));
    }
    standing::obstacle(tx, message)
}

/// Writes down what came of an attempt.
///
/// # Errors
/// When the database fails.
pub fn finish(tx: &mut Tx, taken: &Taken, attempt: &Attempt) -> Result<(), MessageError> {
    fault("messages_sent")?;
    let now = tx.now();
    let before = &taken.message;
    let attempts = before.attempts.saturating_add(1);
    let tried = Message {
        attempts,
        attempted_at: Some(now),
        next_attempt_at: None,
        ..before.clone()
    };
    let (action, after) = match attempt {
        Attempt::Taken => {
            let after = Message {
                status: MessageStatus::Sent,
                sent_at: Some(now),
                failure: None,
                ..tried
            };
            ("message.sent", after)
        }
        Attempt::Refused(said) => {
            let after = Message {
                status: MessageStatus::Bounced,
                status_reason: Some(said.clone()),
                ended_at: Some(now),
                ..tried
            };
            ("message.bounced", after)
        }
        Attempt::Failed(said) => {
            let failure = Some(said.clone());
            let Some(wait) = rules::wait_after(attempts) else {
                let after = Message {
                    status: MessageStatus::Failed,
                    failure,
                    ended_at: Some(now),
                    ..tried
                };
                move_on(tx, "message.failed", before, after, Some(taken.lease))?;
                return Ok(());
            };
            let after = Message {
                next_attempt_at: Some(now.plus(wait)),
                lease_until: None,
                failure,
                ..tried
            };
            // An attempt that is made again changes nothing that anybody reads a version of.
            store::save(tx, &after, before.version, Some(taken.lease))?;
            return Ok(());
        }
    };
    move_on(tx, action, before, after, Some(taken.lease))?;
    Ok(())
}
