//! What can be taken away of the room's tables.

use crate::platform::exports::{DayOf, ExportTable, Readers, id, instant, json, long, text};
use crate::platform::http::auth::ReadProof;
use kernel::ids::TrailEntry;

/// In the room `trail` of `prove`, by which the trail is read.
pub const EXPORTS: &[ExportTable] = &[ExportTable {
    name: "trail",
    description: "The audit trail: who did what, when and why.",
    table: "trail_entries",
    fields: &[
        long("seq"),
        id::<TrailEntry>("id"),
        instant("at"),
        text("subject"),
        text("issuer"),
        text("client_id"),
        text("roles"),
        text("action"),
        text("entity_id"),
        json("before"),
        json("after"),
        text("reason"),
        text("request_id"),
    ],
    joins: &[],
    order: &["seq"],
    day: Some(DayOf::Instant("at")),
    readers: Readers::of::<ReadProof>(),
    left_out: &[("transaction_id", "a number of the database's own")],
}];
