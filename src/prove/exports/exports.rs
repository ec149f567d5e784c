//! What can be taken away of the room's tables.

use crate::platform::exports::{
    DayOf, ExportTable, Readers, day, id, instant, integer, long, text,
};
use crate::platform::http::auth::ReadProof;
use kernel::ids::{Export, Job};

/// In [`super::ROOM`].
pub const EXPORTS: &[ExportTable] = &[ExportTable {
    name: "exports",
    description: "Exports, and what became of them.",
    table: "exports",
    fields: &[
        id::<Export>("id"),
        text("table_name"),
        text("format"),
        day("period_from"),
        day("period_to"),
        day("as_of"),
        id::<Job>("job_id"),
        text("requested_by"),
        instant("requested_at"),
        instant("expires_at"),
        integer("attempt"),
        long("row_count"),
        long("byte_count"),
        text("sha256"),
        instant("deleted_at"),
    ],
    joins: &[],
    order: &["id"],
    day: Some(DayOf::Instant("requested_at")),
    readers: Readers::of::<ReadProof>(),
    left_out: &[],
}];
