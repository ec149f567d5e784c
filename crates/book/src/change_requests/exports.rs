//! What can be taken away of the room's tables.

use crate::platform::exports::{
    CUSTOMER, CUSTOMER_NAME, CUSTOMER_NUMBER, DayOf, ExportTable, Readers, id, instant, integer,
    json, long, text,
};
use crate::platform::http::auth::ReadChangeRequests;
use kernel::ids::{ChangeRequest, Customer};

/// In [`super::ROOM`].
pub const EXPORTS: &[ExportTable] = &[
    ExportTable {
        name: "change_requests",
        description: "Changes that one person proposed and another decides.",
        table: "change_requests",
        fields: &[
            id::<ChangeRequest>("id"),
            text("kind"),
            text("status"),
            text("reason"),
            text("proposed_by"),
            instant("proposed_at"),
            text("decided_by"),
            text("decision_reason"),
            instant("decided_at"),
            long("version"),
        ],
        joins: &[],
        order: &["id"],
        day: Some(DayOf::Instant("proposed_at")),
        readers: Readers::of::<ReadChangeRequests>(),
        left_out: &[],
    },
    ExportTable {
        name: "change_request_lines",
        description: "What change requests would change, line by line.",
        table: "change_request_lines",
        fields: &[
            id::<ChangeRequest>("request_id"),
            integer("line"),
            text("target_id"),
            text("target_number"),
            long("target_version"),
            id::<Customer>("customer_id"),
            CUSTOMER_NUMBER,
            CUSTOMER_NAME,
            json("before"),
            json("after"),
            text("outcome"),
            text("refusal"),
        ],
        joins: &[CUSTOMER],
        order: &["request_id", "line"],
        day: None,
        readers: Readers::of::<ReadChangeRequests>(),
        left_out: &[],
    },
];
