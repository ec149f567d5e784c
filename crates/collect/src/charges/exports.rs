//! What can be taken away of the room's tables.

use crate::platform::exports::{
    CUSTOMER, CUSTOMER_NAME, CUSTOMER_NUMBER, DayOf, ExportTable, Readers, day, id, instant, json,
    long, money, text,
};
use crate::platform::http::auth::ReadCharges;
use kernel::ids::{Charge, CreditAccount, Customer, Invoice, Item, LegalEntity};

/// In [`super::ROOM`].
pub const EXPORTS: &[ExportTable] = &[
    ExportTable {
        name: "charges",
        description: "Interest, fixed sums, fees and costs of paying late.",
        table: "charges",
        fields: &[
            id::<Charge>("id"),
            text("kind"),
            text("status"),
            id::<Customer>("customer_id"),
            CUSTOMER_NUMBER,
            CUSTOMER_NAME,
            id::<CreditAccount>("account_id"),
            id::<LegalEntity>("legal_entity_id"),
            id::<Invoice>("invoice_id"),
            id::<Item>("item_id"),
            text("currency"),
            money("amount", "amount_minor"),
            day("from_day"),
            day("to_day"),
            text("regime"),
            json("segments"),
            text("note"),
            text("created_by"),
            instant("created_at"),
            id::<Invoice>("claimed_invoice_id"),
            day("claimed_on"),
            text("claimed_by"),
            text("claim_reference"),
            day("ended_on"),
            text("end_reason"),
            long("version"),
        ],
        joins: &[CUSTOMER],
        order: &["id"],
        day: Some(DayOf::Day("to_day")),
        readers: Readers::of::<ReadCharges>(),
        left_out: &[],
    },
    ExportTable {
        name: "late_interest_terms",
        description: "What was agreed with accounts about paying late.",
        table: "late_interest_terms",
        fields: &[
            id::<CreditAccount>("account_id"),
            id::<LegalEntity>("legal_entity_id"),
            text("yearly_rate"),
            text("regime"),
            text("reason"),
            text("set_by"),
            instant("created_at"),
            instant("changed_at"),
            long("version"),
        ],
        joins: &[],
        order: &["account_id", "legal_entity_id"],
        day: None,
        readers: Readers::of::<ReadCharges>(),
        left_out: &[],
    },
];
