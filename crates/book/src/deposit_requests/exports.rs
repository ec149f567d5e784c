//! What can be taken away of the room's tables.

use crate::platform::exports::{
    CUSTOMER, CUSTOMER_NAME, CUSTOMER_NUMBER, DayOf, ExportTable, Readers, day, id, instant, long,
    money, text,
};
use crate::platform::http::auth::ReadReceivables;
use kernel::ids::{CreditAccount, Customer, DepositRequest, LegalEntity};

/// In [`super::ROOM`].
pub const EXPORTS: &[ExportTable] = &[ExportTable {
    name: "deposit_requests",
    description: "Money that is asked for before an invoice.",
    table: "deposit_requests",
    fields: &[
        id::<DepositRequest>("id"),
        text("number"),
        id::<Customer>("customer_id"),
        CUSTOMER_NUMBER,
        CUSTOMER_NAME,
        id::<CreditAccount>("account_id"),
        id::<LegalEntity>("legal_entity_id"),
        text("order_number"),
        text("currency"),
        money("amount", "amount_minor"),
        day("request_date"),
        day("due_date"),
        text("label"),
        day("cancelled_on"),
        text("cancel_reason"),
        text("created_by"),
        instant("created_at"),
        long("version"),
    ],
    joins: &[CUSTOMER],
    order: &["id"],
    day: Some(DayOf::Day("request_date")),
    readers: Readers::of::<ReadReceivables>(),
    left_out: &[],
}];
