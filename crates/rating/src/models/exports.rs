//! What can be taken away of the room's tables.

use crate::platform::exports::{
    DayOf, ExportTable, Readers, id, instant, integer, json, long, text,
};
use crate::platform::http::auth::ReadModels;
use kernel::ids::RatingModel;

/// In [`super::ROOM`].
pub const EXPORTS: &[ExportTable] = &[ExportTable {
    name: "rating_models",
    description: "Versions of rating models.",
    table: "rating_models",
    fields: &[
        id::<RatingModel>("id"),
        text("code"),
        integer("model_version"),
        text("name"),
        text("kind"),
        text("status"),
        json("document"),
        json("report"),
        text("reason"),
        text("author"),
        json("drafters"),
        text("approver"),
        instant("created_at"),
        instant("shadow_at"),
        instant("approved_at"),
        instant("live_at"),
        instant("retired_at"),
        long("version"),
    ],
    joins: &[],
    order: &["id"],
    day: Some(DayOf::Instant("created_at")),
    readers: Readers::of::<ReadModels>(),
    left_out: &[],
}];
