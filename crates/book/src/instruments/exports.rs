//! What can be taken away of the room's tables.

use crate::platform::exports::{
    CUSTOMER, CUSTOMER_NAME, CUSTOMER_NUMBER, DayOf, ExportTable, Readers, day, id, instant, long,
    money, text,
};
use crate::platform::http::auth::ReadInstruments;
use kernel::ids::{CreditAccount, Customer, Instrument, LegalEntity, Receipt};

/// In [`super::ROOM`].
pub const EXPORTS: &[ExportTable] = &[ExportTable {
    name: "instruments",
    description: "Cheques, bills and notes that customers paid with.",
    table: "instruments",
    fields: &[
        id::<Instrument>("id"),
        text("number"),
        text("kind"),
        id::<Customer>("customer_id"),
        CUSTOMER_NUMBER,
        CUSTOMER_NAME,
        id::<CreditAccount>("account_id"),
        id::<LegalEntity>("legal_entity_id"),
        text("currency"),
        money("amount", "amount_minor"),
        money("outstanding", "outstanding_minor"),
        day("issue_date"),
        day("maturity_date"),
        day("received_on"),
        day("present_by"),
        text("drawer").personal(),
        text("acceptor").personal(),
        id::<Customer>("acceptor_customer_id"),
        id::<CreditAccount>("acceptor_account_id"),
        text("acceptor_standing"),
        id::<Receipt>("receipt_id"),
        text("status"),
        day("status_on"),
        text("passed_to").personal(),
        day("dishonoured_on"),
        text("dishonour_reason"),
        money("fee", "fee_minor"),
        text("created_by"),
        instant("created_at"),
        long("version"),
    ],
    joins: &[CUSTOMER],
    order: &["id"],
    day: Some(DayOf::Day("received_on")),
    readers: Readers::of::<ReadInstruments>(),
    left_out: &[("acceptor_key", "the acceptor again, folded to be found")],
}];
