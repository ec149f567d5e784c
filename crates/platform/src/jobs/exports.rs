//! What can be taken away of the room's tables.

use crate::platform::exports::{
    DayOf, ExportTable, Readers, id, instant, integer, json, long, text,
};
use crate::platform::http::auth::ExportTables;
use kernel::ids::Job;

/// In [`crate::platform::rooms::JOBS`].
pub const EXPORTS: &[ExportTable] = &[ExportTable {
    name: "jobs",
    description: "Background jobs.",
    table: "jobs",
    fields: &[
        id::<Job>("id"),
        text("kind"),
        text("status"),
        long("progress_done"),
        long("progress_total"),
        text("progress_unit"),
        json("input"),
        json("result"),
        json("errors"),
        text("created_by"),
        instant("created_at"),
        instant("started_at"),
        instant("finished_at"),
        instant("lease_until"),
        integer("attempts"),
        instant("cancel_requested_at"),
        long("version"),
    ],
    joins: &[],
    order: &["id"],
    day: Some(DayOf::Instant("created_at")),
    readers: Readers::of::<ExportTables>(),
    left_out: &[("caller", "the claims of a token, by which the work is done")],
}];
