//! What can be taken away of the room's tables.

use crate::platform::exports::{
    DayOf, ExportTable, Readers, id, instant, integer, json, long, text,
};
use crate::platform::http::auth::ReadScales;
use kernel::ids::GradeScale;

/// In [`super::ROOM`].
pub const EXPORTS: &[ExportTable] = &[ExportTable {
    name: "grade_scales",
    description: "Versions of the grade scale.",
    table: "grade_scales",
    fields: &[
        id::<GradeScale>("id"),
        integer("scale_version"),
        text("status"),
        json("document"),
        text("reason"),
        text("author"),
        json("drafters"),
        text("approver"),
        instant("created_at"),
        instant("live_at"),
        instant("retired_at"),
        long("version"),
    ],
    joins: &[],
    order: &["id"],
    day: Some(DayOf::Instant("created_at")),
    readers: Readers::of::<ReadScales>(),
    left_out: &[],
}];
