//! What can be taken away of the room's tables.

use crate::platform::exports::{
    DayOf, ExportTable, Readers, day, id, instant, integer, long, text,
};
use crate::platform::http::auth::ReadIndicators;
use kernel::ids::IndustryVersion;

/// In [`super::ROOM`].
pub const EXPORTS: &[ExportTable] = &[ExportTable {
    name: "industry_versions",
    description: "What is known of industries, by version.",
    table: "industry_versions",
    fields: &[
        id::<IndustryVersion>("id"),
        text("code"),
        long("industry_version"),
        text("name_en"),
        text("name_zh"),
        text("growth"),
        text("cr4"),
        text("hhi"),
        integer("risk_class"),
        text("source"),
        day("as_of"),
        text("set_by"),
        instant("set_at"),
    ],
    joins: &[],
    order: &["id"],
    day: Some(DayOf::Day("as_of")),
    readers: Readers::of::<ReadIndicators>(),
    left_out: &[],
}];
