//! What can be taken away of the room's tables.

use crate::platform::db::rows::Join;
use crate::platform::exports::{
    CUSTOMER, CUSTOMER_NAME, CUSTOMER_NUMBER, DayOf, ExportTable, Readers, bytes, id, instant,
    integer, json, long, text,
};
use crate::platform::http::auth::ReadMessages;
use kernel::ids::{Customer, LegalEntity, Message};

/// In [`super::ROOM`].
pub const EXPORTS: &[ExportTable] = &[
    ExportTable {
        name: "messages",
        description: "What was sent to customers, and what became of it.",
        table: "messages",
        fields: &[
            id::<Message>("id"),
            id::<Customer>("customer_id"),
            CUSTOMER_NUMBER,
            CUSTOMER_NAME,
            id::<LegalEntity>("legal_entity_id"),
            text("kind"),
            text("about_id"),
            text("channel"),
            text("language"),
            text("recipient").personal(),
            text("sender"),
            text("subject").personal(),
            text("media_type"),
            text("sha256"),
            long("size_bytes"),
            json("asks"),
            text("status"),
            text("status_reason").personal(),
            integer("attempts"),
            instant("next_attempt_at"),
            instant("lease_until"),
            instant("attempted_at"),
            text("failure").personal(),
            text("created_by"),
            instant("created_at"),
            instant("sent_at"),
            instant("ended_at"),
            instant("changed_at"),
            long("version"),
        ],
        joins: &[CUSTOMER],
        order: &["id"],
        day: Some(DayOf::Instant("created_at")),
        readers: Readers::of::<ReadMessages>(),
        left_out: &[],
    },
    ExportTable {
        name: "message_contents",
        description: "What was sent to customers, byte for byte, in hexadecimal digits.",
        table: "message_contents",
        fields: &[
            id::<Message>("message_id"),
            bytes("bytes").personal(),
            text("sha256").of("message", "sha256"),
        ],
        joins: &[Join::by_id("message", "messages", "message_id")],
        order: &["message_id"],
        day: None,
        readers: Readers::of::<ReadMessages>(),
        left_out: &[],
    },
];
