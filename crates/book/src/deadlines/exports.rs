//! What can be taken away of the room's tables.

use crate::platform::exports::{
    CUSTOMER, CUSTOMER_NAME, CUSTOMER_NUMBER, DayOf, ExportTable, Readers, day, id, instant, long,
    text,
};
use crate::platform::http::auth::ReadDeadlines;
use kernel::ids::{Customer, Deadline};

/// In [`super::ROOM`].
pub const EXPORTS: &[ExportTable] = &[ExportTable {
    name: "deadlines",
    description: "Days by which something must be done about customers.",
    table: "deadlines",
    fields: &[
        id::<Deadline>("id"),
        text("kind"),
        text("subject_kind"),
        text("subject_id"),
        id::<Customer>("customer_id"),
        CUSTOMER_NUMBER,
        CUSTOMER_NAME,
        day("due_on"),
        text("rule"),
        text("note").personal(),
        text("status"),
        text("done_note").personal(),
        day("done_on"),
        text("done_by"),
        instant("done_at"),
        text("created_by"),
        instant("created_at"),
        long("version"),
    ],
    joins: &[CUSTOMER],
    order: &["id"],
    day: Some(DayOf::Day("due_on")),
    readers: Readers::of::<ReadDeadlines>(),
    left_out: &[],
}];
