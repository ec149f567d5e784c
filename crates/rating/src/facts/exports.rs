//! What can be taken away of the room's tables.

use crate::platform::exports::{
    CUSTOMER, CUSTOMER_NAME, CUSTOMER_NUMBER, DayOf, ExportTable, Readers, day, id, instant, text,
};
use crate::platform::http::auth::ReadFacts;
use kernel::ids::{Customer, CustomerFact, ExpertPanel};

/// In [`super::ROOM`].
pub const EXPORTS: &[ExportTable] = &[ExportTable {
    name: "customer_facts",
    description: "What somebody said of customers.",
    table: "customer_facts",
    fields: &[
        id::<CustomerFact>("id"),
        id::<Customer>("customer_id"),
        CUSTOMER_NUMBER,
        CUSTOMER_NAME,
        text("indicator"),
        text("value"),
        text("source"),
        day("as_of"),
        day("expires_on"),
        text("note").personal(),
        text("said_by"),
        instant("said_at"),
        id::<ExpertPanel>("panel_id"),
    ],
    joins: &[CUSTOMER],
    order: &["id"],
    day: Some(DayOf::Day("as_of")),
    readers: Readers::of::<ReadFacts>(),
    left_out: &[],
}];
