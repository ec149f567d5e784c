//! What can be taken away of the room's tables.

use crate::platform::exports::{
    DayOf, ExportTable, Readers, id, instant, integer, json, long, text,
};
use crate::platform::http::auth::ReadPolicies;
use kernel::ids::Policy;

/// In [`super::ROOM`].
pub const EXPORTS: &[ExportTable] = &[ExportTable {
    name: "policies",
    description: "Versions of the credit policy, with their documents.",
    table: "policies",
    fields: &[
        id::<Policy>("id"),
        integer("policy_version"),
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
    readers: Readers::of::<ReadPolicies>(),
    left_out: &[],
}];
