//! What can be taken away of the room's tables.

use crate::platform::exports::{ExportTable, Readers, day, id, instant, json, long, text};
use crate::platform::http::auth::ReadReceivables;
use kernel::ids::LegalEntity;

/// In [`super::ROOM`].
pub const EXPORTS: &[ExportTable] = &[ExportTable {
    name: "import_feeds",
    description: "How far other ledgers were taken over.",
    table: "import_feeds",
    fields: &[
        text("kind"),
        id::<LegalEntity>("legal_entity_id"),
        day("ledger_as_of"),
        json("control"),
        long("stated"),
        long("missing"),
        text("taken_by"),
        instant("taken_at"),
    ],
    joins: &[],
    order: &["kind", "legal_entity_id"],
    day: None,
    readers: Readers::of::<ReadReceivables>(),
    left_out: &[],
}];
