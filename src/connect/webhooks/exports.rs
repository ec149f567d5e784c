//! What can be taken away of the room's tables.

use crate::platform::exports::{
    DayOf, ExportTable, Readers, id, instant, integer, json, long, text,
};
use crate::platform::http::auth::ReadWebhooks;
use kernel::ids::{Event, WebhookDelivery, WebhookEndpoint};

/// In [`super::ROOM`].
pub const EXPORTS: &[ExportTable] = &[
    ExportTable {
        name: "webhook_endpoints",
        description: "Where events are delivered to.",
        table: "webhook_endpoints",
        fields: &[
            id::<WebhookEndpoint>("id"),
            text("url"),
            text("description"),
            json("event_types"),
            text("status"),
            text("disabled_because"),
            instant("previous_secret_until"),
            instant("failing_since"),
            text("created_by"),
            instant("created_at"),
            instant("changed_at"),
            long("version"),
        ],
        joins: &[],
        order: &["id"],
        day: Some(DayOf::Instant("created_at")),
        readers: Readers::of::<ReadWebhooks>(),
        left_out: &[
            ("secret", "a secret"),
            ("previous_secret", "a secret"),
            (
                "transaction_id",
                "how far delivery has come, as a number of the database's own",
            ),
            ("seq", "how far delivery has come"),
        ],
    },
    ExportTable {
        name: "webhook_deliveries",
        description: "What was delivered to endpoints, and what was answered.",
        table: "webhook_deliveries",
        fields: &[
            id::<WebhookDelivery>("id"),
            id::<WebhookEndpoint>("endpoint_id"),
            id::<Event>("event_id"),
            text("event_type"),
            text("resource_id"),
            long("seq"),
            text("status"),
            integer("attempts"),
            instant("next_attempt_at"),
            instant("lease_until"),
            instant("attempted_at"),
            integer("answer_code"),
            text("failure"),
            long("duration_ms"),
            instant("created_at"),
            instant("ended_at"),
        ],
        joins: &[],
        order: &["id"],
        day: Some(DayOf::Instant("created_at")),
        readers: Readers::of::<ReadWebhooks>(),
        left_out: &[],
    },
];
