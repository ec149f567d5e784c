//! What can be taken away of the room's tables.

use crate::platform::exports::{
    CUSTOMER, CUSTOMER_NAME, CUSTOMER_NUMBER, DayOf, ExportTable, Readers, day, id, instant, long,
    money, text,
};
use crate::platform::http::auth::ReadReceivables;
use kernel::ids::{Customer, Receipt, Refund};

/// In [`super::ROOM`].
pub const EXPORTS: &[ExportTable] = &[ExportTable {
    name: "refunds",
    description: "Money that is given back.",
    table: "refunds",
    fields: &[
        id::<Refund>("id"),
        id::<Receipt>("receipt_id"),
        id::<Customer>("customer_id"),
        CUSTOMER_NUMBER,
        CUSTOMER_NAME,
        text("currency"),
        money("amount", "amount_minor"),
        text("status"),
        text("reason"),
        text("requested_by"),
        instant("requested_at"),
        text("decided_by"),
        instant("decided_at"),
        text("decision_reason"),
        day("held_on"),
        day("freed_on"),
        day("paid_on"),
        text("payment_reference"),
        long("version"),
    ],
    joins: &[CUSTOMER],
    order: &["id"],
    day: Some(DayOf::Instant("requested_at")),
    readers: Readers::of::<ReadReceivables>(),
    left_out: &[],
}];
