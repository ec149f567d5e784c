//! What can be taken away of the room's tables.

use crate::platform::exports::{DayOf, ExportTable, Readers, id, instant, long, text};
use crate::platform::http::auth::ReadRevocations;
use kernel::ids::TokenRevocation;

/// In [`super::ROOM`].
pub const EXPORTS: &[ExportTable] = &[ExportTable {
    name: "token_revocations",
    description: "Tokens that count no more, and since when.",
    table: "token_revocations",
    fields: &[
        id::<TokenRevocation>("id"),
        text("token_id"),
        text("subject").personal(),
        long("issued_until"),
        long("kept_until"),
        text("reason"),
        text("created_by"),
        instant("created_at"),
    ],
    joins: &[],
    order: &["id"],
    day: Some(DayOf::Instant("created_at")),
    readers: Readers::of::<ReadRevocations>(),
    left_out: &[],
}];
