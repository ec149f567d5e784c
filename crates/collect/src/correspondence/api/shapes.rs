//! Messages as the contract shows them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::collect::correspondence::actions::PrintQueue;
use crate::collect::correspondence::model::{Message, MessageChannel, MessageKind, MessageStatus};
use kernel::clock::Instant;
use kernel::ids::{CustomerId, LegalEntityId, MessageId};
use kernel::places::Language;
use kernel::text::Subject;

/// Something that is sent to a customer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Message, example = json!({
    "id": "msg_01k00000000000000000000001", "customer_id": "cus_01k00000000000000000000001",
    "legal_entity_id": "ent_00000000000e00800000000001", "kind": "dunning_notice",
    "about_id": "dno_01k00000000000000000000001", "channel": "email", "language": "zh-CN",
    "recipient": "cfo@jiangnan.example", "sender": "ar@northwind.example", "subject": "付款提醒：CNY 12,500.00",
    "media_type": "message/rfc822",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "size_bytes": 2481,
    "status": "sent", "status_reason": null, "attempts": 1, "next_attempt_at": null,
    "attempted_at": "2026-03-31T08:00:01.000000Z", "failure": null, "created_by": "u-17",
    "created_at": "2026-03-31T08:00:00.000000Z", "sent_at": "2026-03-31T08:00:01.000000Z", "ended_at": null
}))]
pub struct MessageOut {
    id: MessageId,
    customer_id: CustomerId,
    /// The company that writes.
    legal_entity_id: LegalEntityId,
    kind: MessageKind,
    /// The id of what it belongs to, such as a dunning notice.
    #[schema(max_length = 64)]
    about_id: String,
    channel: MessageChannel,
    language: Language,
    /// An e-mail address, or the lines of a postal one.
    #[schema(max_length = 4000)]
    recipient: String,
    /// The e-mail address that it comes from; null for letters.
    #[schema(max_length = 254)]
    sender: Option<String>,
    #[schema(max_length = 2000)]
    subject: String,
    /// Of its bytes, which are at `GET /v1/messages/{id}/content`.
    #[schema(max_length = 100)]
    media_type: String,
    /// The SHA-256 of its bytes, in hexadecimal digits.
    #[schema(min_length = 64, max_length = 64)]
    sha256: String,
    #[schema(minimum = 0)]
    size_bytes: i64,
    status: MessageStatus,
    /// Why it was cancelled, or what was said when it arrived or came back.
    #[schema(max_length = 2000)]
    status_reason: Option<String>,
    /// How often it was tried.
    #[schema(minimum = 0, maximum = 1_000)]
    attempts: i32,
    /// When it is tried next.
    next_attempt_at: Option<Instant>,
    attempted_at: Option<Instant>,
    /// What the last attempt that failed was told.
    #[schema(max_length = 2000)]
    failure: Option<String>,
    created_by: Subject,
    created_at: Instant,
    /// When a mail server took it, or a person posted it.
    sent_at: Option<Instant>,
    /// When it arrived, came back, failed or was cancelled.
    ended_at: Option<Instant>,
}

impl From<Message> for MessageOut {
    fn from(row: Message) -> MessageOut {
        MessageOut {
            id: row.id,
            customer_id: row.customer_id,
            legal_entity_id: row.legal_entity_id,
            kind: row.kind,
            about_id: row.about_id,
            channel: row.channel,
            language: row.language,
            recipient: row.recipient,
            sender: row.sender,
            subject: row.subject,
            media_type: row.media_type,
            sha256: row.sha256,
            size_bytes: row.size_bytes,
            status: row.status,
            status_reason: row.status_reason,
            attempts: row.attempts,
            next_attempt_at: row.next_attempt_at,
            attempted_at: row.attempted_at,
            failure: row.failure,
            created_by: row.created_by,
            created_at: row.created_at,
            sent_at: row.sent_at,
            ended_at: row.ended_at,
        }
    }
}

/// The letters to be printed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"letters": [], "cancelled": []}))]
pub struct PrintQueueOut {
    #[schema(max_items = 200)]
    letters: Vec<MessageOut>,
    /// What held no longer, and is cancelled now.
    #[schema(max_items = 200)]
    cancelled: Vec<MessageOut>,
}

impl From<PrintQueue> for PrintQueueOut {
    fn from(queue: PrintQueue) -> PrintQueueOut {
        let all = |messages: Vec<Message>| messages.into_iter().map(MessageOut::from).collect();
        PrintQueueOut {
            letters: all(queue.letters),
            cancelled: all(queue.cancelled),
        }
    }
}

/// Letters that were posted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"letters": []}))]
pub struct MarkedLettersOut {
    #[schema(max_items = 500)]
    letters: Vec<MessageOut>,
}

impl From<Vec<Message>> for MarkedLettersOut {
    fn from(messages: Vec<Message>) -> MarkedLettersOut {
        let letters = messages.into_iter().map(MessageOut::from).collect();
        MarkedLettersOut { letters }
    }
}
