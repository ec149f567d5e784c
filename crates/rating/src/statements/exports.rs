//! What can be taken away of the room's tables.

use crate::platform::exports::{
    CUSTOMER, CUSTOMER_NAME, CUSTOMER_NUMBER, DayOf, ExportTable, Readers, day, id, instant,
    integer, json, text,
};
use crate::platform::http::auth::ReadFacts;
use kernel::ids::{Customer, FinancialStatement};

/// In [`super::ROOM`].
pub const EXPORTS: &[ExportTable] = &[ExportTable {
    name: "financial_statements",
    description: "Financial statements of customers.",
    table: "financial_statements",
    fields: &[
        id::<FinancialStatement>("id"),
        id::<Customer>("customer_id"),
        CUSTOMER_NUMBER,
        CUSTOMER_NAME,
        day("period_end"),
        integer("months"),
        text("kind"),
        text("currency"),
        text("audit"),
        text("source"),
        day("received_on"),
        json("lines"),
        integer("statement_version"),
        id::<FinancialStatement>("corrects_id"),
        text("reason"),
        text("entered_by"),
        instant("entered_at"),
    ],
    joins: &[CUSTOMER],
    order: &["id"],
    day: Some(DayOf::Day("period_end")),
    readers: Readers::of::<ReadFacts>(),
    left_out: &[],
}];
