//! What can be taken away of the room's tables.

use crate::platform::exports::{ExportTable, Readers, id, instant, json, long, text};
use crate::platform::http::auth::ReadEntities;
use kernel::ids::LegalEntity;

/// In [`super::ROOM`].
pub const EXPORTS: &[ExportTable] = &[ExportTable {
    name: "legal_entities",
    description: "The companies that sell.",
    table: "legal_entities",
    fields: &[
        id::<LegalEntity>("id"),
        text("number"),
        text("name").personal(),
        text("country"),
        text("functional_currency"),
        text("ledger"),
        text("vat_id"),
        text("registration_number"),
        text("uscc"),
        text("lei"),
        text("peppol_id"),
        text("street").personal(),
        text("city").personal(),
        text("postal_code").personal(),
        json("bank_details").bank(),
        json("letter_sender").personal(),
        text("timezone"),
        instant("created_at"),
        instant("changed_at"),
        long("version"),
        text("calendar"),
    ],
    joins: &[],
    order: &["id"],
    day: None,
    readers: Readers::of::<ReadEntities>(),
    left_out: &[],
}];
