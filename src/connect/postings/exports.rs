//! What can be taken away of the room's tables.

use crate::platform::exports::{
    CUSTOMER, CUSTOMER_NAME, CUSTOMER_NUMBER, DayOf, ExportTable, Readers, day, id, instant, long,
    money, text,
};
use crate::platform::http::auth::ReadPostings;
use kernel::ids::{
    Charge, CreditNote, Customer, Invoice, LegalEntity, Posting, Receipt, Refund, Settlement,
};

/// In [`super::ROOM`].
pub const EXPORTS: &[ExportTable] = &[ExportTable {
    name: "postings",
    description: "What began here and another ledger has to follow.",
    table: "postings",
    fields: &[
        id::<Posting>("id"),
        text("kind"),
        id::<Settlement>("settlement_id"),
        id::<Refund>("refund_id"),
        id::<Customer>("customer_id"),
        CUSTOMER_NUMBER,
        CUSTOMER_NAME,
        id::<LegalEntity>("legal_entity_id"),
        id::<Invoice>("invoice_id"),
        id::<Receipt>("receipt_id"),
        id::<CreditNote>("credit_note_id"),
        text("currency"),
        money("amount", "amount_minor"),
        day("effective_on"),
        text("created_by"),
        instant("created_at"),
        text("acknowledged_by"),
        instant("acknowledged_at"),
        text("reference"),
        long("version"),
        id::<Charge>("charge_id"),
    ],
    joins: &[CUSTOMER],
    order: &["id"],
    day: Some(DayOf::Day("effective_on")),
    readers: Readers::of::<ReadPostings>(),
    left_out: &[],
}];
