//! What can be taken away of the room's tables.

use crate::platform::exports::{
    DayOf, ExportTable, Readers, id, instant, integer, json, long, text,
};
use crate::platform::http::auth::ReadApiKeys;
use kernel::ids::ApiKey;

/// In [`super::ROOM`].
pub const EXPORTS: &[ExportTable] = &[ExportTable {
    name: "api_keys",
    description: "Keys by which systems sign in: what they may, and when they were used.",
    table: "api_keys",
    fields: &[
        id::<ApiKey>("id"),
        text("name"),
        text("role"),
        json("scopes"),
        instant("previous_until"),
        instant("expires_at"),
        integer("requests_per_second"),
        instant("last_used_at"),
        instant("revoked_at"),
        text("created_by"),
        instant("created_at"),
        instant("changed_at"),
        long("version"),
    ],
    joins: &[],
    order: &["id"],
    day: Some(DayOf::Instant("created_at")),
    readers: Readers::of::<ReadApiKeys>(),
    left_out: &[
        ("secret_hash", "by which a secret is known"),
        ("previous_hash", "by which a secret is known"),
    ],
}];
