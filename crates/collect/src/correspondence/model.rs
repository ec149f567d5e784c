//! Messages as they are stored.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::platform::db::schema::{message_contents, messages};
use crate::platform::db::{DbError, read_document};
use kernel::clock::Instant;
use kernel::columns::text_enum;
use kernel::ids::{CustomerId, ItemId, LegalEntityId, MessageId};
use kernel::places::Language;
use kernel::text::Subject;

text_enum! {
    /// What a message is.
    pub enum MessageKind {
        DunningNotice = "dunning_notice",
        AccountStatement = "account_statement",
        Other = "other",
    }
}

text_enum! {
    /// By which way a message goes.
    pub enum MessageChannel {
        Email = "email",
        /// Printed and posted by a person.
        Letter = "letter",
    }
}

text_enum! {
    /// Where a message stands.
    pub enum MessageStatus {
        /// It waits to be sent, or to be printed.
        Queued = "queued",
        /// A mail server took it, or a person posted it.
        Sent = "sent",
        /// It is known to have arrived.
        Delivered = "delivered",
        /// It was refused, or came back.
        Bounced = "bounced",
        /// It was tried as often as it may be.
        Failed = "failed",
        /// It was not sent: it held no longer, or a person decided so.
        Cancelled = "cancelled",
    }
}

impl MessageStatus {
    /// What may follow.
    pub const fn allowed(self) -> &'static [&'static str] {
        match self {
            MessageStatus::Queued => &["cancel", "mark_sent"],
            MessageStatus::Sent => &["deliver", "bounce"],
            MessageStatus::Delivered => &["bounce"],
            MessageStatus::Failed => &["retry"],
            MessageStatus::Bounced | MessageStatus::Cancelled => &[],
        }
    }
}

/// An item that a message asks to pay, with what was open of it when the message was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    pub item_id: ItemId,
    pub open_minor: i64,
}

/// Something that is sent to a customer. Its bytes are a [`MessageContent`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = messages, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Message {
    pub id: MessageId,
    pub customer_id: CustomerId,
    /// The company that writes.
    pub legal_entity_id: LegalEntityId,
    pub kind: MessageKind,
    /// The id of what it belongs to, such as a dunning notice.
    pub about_id: String,
    pub channel: MessageChannel,
    pub language: Language,
    /// An e-mail address, or the lines of a postal one.
    pub recipient: String,
    /// The e-mail address that it comes from.
    pub sender: Option<String>,
    pub subject: String,
    pub media_type: String,
    /// Of its bytes, in hexadecimal digits.
    pub sha256: String,
    pub size_bytes: i64,
    /// A list of [`Asked`], as a document.
    #[serde(skip)]
    pub asks: String,
    pub status: MessageStatus,
    /// Why it was cancelled, or what was said when it arrived or came back.
    pub status_reason: Option<String>,
    pub attempts: i32,
    #[serde(skip)]
    pub next_attempt_at: Option<Instant>,
    /// Until when a server has it for itself.
    #[serde(skip)]
    pub lease_until: Option<Instant>,
    pub attempted_at: Option<Instant>,
    /// What the last attempt that failed was told.
    pub failure: Option<String>,
    pub created_by: Subject,
    pub created_at: Instant,
    pub sent_at: Option<Instant>,
    /// When it arrived, came back, failed or was cancelled.
    pub ended_at: Option<Instant>,
    pub changed_at: Instant,
    pub version: i64,
}

impl Message {
    /// What it asks to pay.
    ///
    /// # Errors
    /// When the row was changed by other hands.
    pub fn asked(&self) -> Result<Vec<Asked>, DbError> {
        read_document(&self.asks)
    }
}

/// The bytes of a message, as they are sent.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = message_contents, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct MessageContent {
    pub message_id: MessageId,
    pub bytes: Vec<u8>,
}
