//! Queueing: what other rooms call, in their unit of work.

use super::{MessageError, cancelled, move_on};
use crate::book::entities::model::{EntityRef, LegalEntity};
use crate::book::entities::store as entities;
use crate::collect::correspondence::input::{NewContent, NewMessage};
use crate::collect::correspondence::model::{
    Message, MessageChannel, MessageContent, MessageStatus,
};
use crate::collect::correspondence::rules::mail::{self, Mail};
use crate::collect::correspondence::{rules, store};
use crate::platform::db::{Change, Tx, write_json};
use crate::platform::http::body::hex;
use aws_lc_rs::digest::{SHA256, digest};
use kernel::ids::MessageId;

/// Queues something to be sent to a customer. Its bytes are made now and never change: an e-mail with its headers, a letter as
/// it was given.
///
/// # Errors
/// When an e-mail is to be sent and the company has no address to write from, or it can't be made.
pub fn queue(tx: &mut Tx, new: &NewMessage) -> Result<Message, MessageError> {
    let id = MessageId::at(tx.now());
    let made = make(tx, id, new)?;
    let message = Message {
        id,
        customer_id: new.customer_id,
        legal_entity_id: new.legal_entity_id,
        kind: new.kind,
        about_id: new.about_id.clone(),
        channel: made.channel,
        language: new.language,
        recipient: made.recipient,
        sender: made.sender,
        subject: new.subject.clone(),
        media_type: made.media_type.to_owned(),
        sha256: hex(digest(&SHA256, &made.bytes).as_ref()),
        size_bytes: i64::try_from(made.bytes.len()).unwrap_or(i64::MAX),
        asks: write_json(&new.asks)?,
        status: MessageStatus::Queued,
        status_reason: None,
        attempts: 0,
        next_attempt_at: (made.channel == MessageChannel::Email).then(|| tx.now()),
        lease_until: None,
        attempted_at: None,
        failure: None,
        created_by: tx.caller().subject.clone(),
        created_at: tx.now(),
        sent_at: None,
        ended_at: None,
        changed_at: tx.now(),
        version: 1,
    };
    let content = MessageContent {
        message_id: id,
        bytes: made.bytes,
    };
    store::insert(tx, &message, &content)?;
    tx.record(Change::new("message.queued", id).after(&message))?;
    Ok(message)
}

/// What is sent, made.
struct Made {
    channel: MessageChannel,
    recipient: String,
    sender: Option<String>,
    media_type: &'static str,
    bytes: Vec<u8>,
}

fn make(tx: &mut Tx, id: MessageId, new: &NewMessage) -> Result<Made, MessageError> {
    match &new.content {
        NewContent::Letter { recipient, pdf } => Ok(Made {
            channel: MessageChannel::Letter,
            recipient: recipient.join("\n"),
            sender: None,
            media_type: "application/pdf",
            bytes: pdf.clone(),
        }),
        NewContent::Email {
            to,
            text,
            html,
            attachments,
        } => {
            let entity = entities::find(tx, &EntityRef::Id(new.legal_entity_id))?;
            let from = entity.as_ref().and_then(sender_of);
            let (Some(entity), Some(from)) = (entity, from) else {
                return Err(MessageError::NoSender);
            };
            let bytes = mail::compose(&Mail {
                id,
                at: tx.now(),
                from: &from,
                from_name: entity.name.as_str(),
                to: to.as_str(),
                subject: &new.subject,
                text,
                html: html.as_deref(),
                attachments,
            })?;
            Ok(Made {
                channel: MessageChannel::Email,
                recipient: to.to_string(),
                sender: Some(from),
                media_type: "message/rfc822",
                bytes,
            })
        }
    }
}

/// The address from which a company writes: the first in its `letter_sender`.
pub fn sender_of(entity: &LegalEntity) -> Option<String> {
    let sender = entity.letter_sender.as_ref()?;
    rules::address_in(sender.as_str()).map(|email| email.to_string())
}

/// Cancels all that waits about something, and says how much that was. What is being sent just now goes out.
///
/// # Errors
/// When the database fails.
pub fn cancel_about(tx: &mut Tx, about_id: &str, reason: &str) -> Result<usize, MessageError> {
    let now = tx.now();
    let mut count = 0;
    for waiting in store::list_queued_about(tx, about_id)? {
        let Some(message) = store::lock(tx, waiting.id)? else {
            continue;
        };
        let is_leased = message.lease_until.is_some_and(|until| until > now);
        if message.status != MessageStatus::Queued || is_leased {
            continue;
        }
        let after = cancelled(tx, &message, reason);
        if move_on(tx, "message.cancelled", &message, after, None)?.is_some() {
            count += 1;
        }
    }
    Ok(count)
}
