//! What can be taken away of the room's tables.

use crate::platform::exports::{
    DayOf, ExportTable, Readers, id, instant, integer, json, long, text,
};
use crate::platform::http::auth::ReadCatalogues;
use kernel::ids::CatalogueVersion;

/// In [`super::ROOM`].
pub const EXPORTS: &[ExportTable] = &[ExportTable {
    name: "catalogue_versions",
    description: "Versions of the catalogues.",
    table: "catalogue_versions",
    fields: &[
        id::<CatalogueVersion>("id"),
        text("code"),
        integer("catalogue_version"),
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
    readers: Readers::of::<ReadCatalogues>(),
    left_out: &[],
}];
