//! What use cases and lists are asked.

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::model::{Asked, MessageChannel, MessageKind, MessageStatus};
use crate::book::customers::model::CustomerRef;
use crate::book::entities::model::EntityRef;
use kernel::clock::Instant;
use kernel::columns::text_enum;
use kernel::ids::{CustomerId, LegalEntityId, MessageId};
use kernel::places::Language;
use kernel::text::{Email, Keyword, Note};

/// Something to be sent, as another room says it.
#[derive(Debug, Clone)]
pub struct NewMessage {
    pub customer_id: CustomerId,
    pub legal_entity_id: LegalEntityId,
    pub kind: MessageKind,
    /// The id of what it belongs to.
    pub about_id: String,
    pub language: Language,
    pub subject: String,
    /// What it asks to pay: it is not sent when less is open of any of it.
    pub asks: Vec<Asked>,
    pub content: NewContent,
}

/// What is sent, and by which way.
#[derive(Debug, Clone)]
pub enum NewContent {
    Email {
        to: Email,
        text: String,
        html: Option<String>,
        attachments: Vec<Attachment>,
    },
    Letter {
        /// The lines of the address.
        recipient: Vec<String>,
        pdf: Vec<u8>,
    },
}

/// A file that goes with an e-mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    pub name: String,
    /// Such as `application/pdf`.
    pub media_type: String,
    pub bytes: Vec<u8>,
}

/// Which messages, the newest first.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MessageFilter {
    /// To these customers.
    #[serde(default)]
    #[param(max_items = 100)]
    pub customer: Vec<CustomerRef>,
    /// From these companies.
    #[serde(default)]
    #[param(max_items = 100)]
    pub legal_entity: Vec<EntityRef>,
    #[serde(default)]
    #[param(max_items = 10)]
    pub kind: Vec<MessageKind>,
    #[serde(default)]
    #[param(max_items = 10)]
    pub channel: Vec<MessageChannel>,
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<MessageStatus>,
    /// That belong to these things, by their ids.
    #[serde(default)]
    #[param(max_items = 100)]
    pub about_id: Vec<Keyword>,
}

/// Letters that were posted.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"message_ids": ["msg_01k00000000000000000000001"]}))]
pub struct MarkSentIn {
    #[validate(length(min = 1, max = 500))]
    #[schema(min_items = 1, max_items = 500)]
    pub message_ids: Vec<MessageId>,
}

text_enum! {
    /// What is known of a message that was sent.
    pub enum DeliveryOutcome {
        Delivered = "delivered",
        Bounced = "bounced",
    }
}

/// What became of a message that was sent.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"outcome": "bounced", "detail": "550 5.1.1 The mailbox does not exist."}))]
pub struct DeliveryIn {
    pub outcome: DeliveryOutcome,
    /// When that happened; now when not given.
    pub occurred_at: Option<Instant>,
    /// What was said.
    pub detail: Option<Note>,
}

/// A delivery status notification as it came: a `multipart/report` with its headers.
#[derive(Debug, ToSchema)]
#[schema(value_type = String, max_length = 1_048_576, example = "From: MAILER-DAEMON@mail.example.com")]
pub struct DeliveryNotificationIn(pub String);
