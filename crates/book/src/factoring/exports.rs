//! What can be taken away of the room's tables.

use crate::platform::exports::{
    CUSTOMER, CUSTOMER_NAME, CUSTOMER_NUMBER, DayOf, ExportTable, Readers, day, id, instant, long,
    money, share, text,
};
use crate::platform::http::auth::ReadFactoring;
use kernel::ids::{Customer, FactoringAgreement, FactoringAssignment, Invoice};

/// In [`super::ROOM`].
pub const EXPORTS: &[ExportTable] = &[
    ExportTable {
        name: "factoring_agreements",
        description: "Agreements with factors.",
        table: "factoring_agreements",
        fields: &[
            id::<FactoringAgreement>("id"),
            text("number"),
            text("factor"),
            text("kind"),
            text("recourse"),
            text("notification"),
            share("advance", "advance_ppm"),
            day("valid_from"),
            day("valid_until"),
            text("status"),
            text("note").personal(),
            text("created_by"),
            instant("created_at"),
            text("ended_by"),
            instant("ended_at"),
            text("end_reason"),
            long("version"),
        ],
        joins: &[],
        order: &["id"],
        day: None,
        readers: Readers::of::<ReadFactoring>(),
        left_out: &[],
    },
    ExportTable {
        name: "factoring_assignments",
        description: "Invoices that were sold or pledged.",
        table: "factoring_assignments",
        fields: &[
            id::<FactoringAssignment>("id"),
            id::<FactoringAgreement>("agreement_id"),
            id::<Invoice>("invoice_id"),
            id::<Customer>("customer_id"),
            CUSTOMER_NUMBER,
            CUSTOMER_NAME,
            text("currency"),
            money("open", "open_minor"),
            money("advanced", "advanced_minor"),
            text("effect"),
            text("notification"),
            text("status"),
            day("assigned_on"),
            text("assigned_by"),
            instant("assigned_at"),
            day("ended_on"),
            text("ended_by"),
            instant("ended_at"),
            text("end_reason"),
            long("version"),
        ],
        joins: &[CUSTOMER],
        order: &["id"],
        day: Some(DayOf::Day("assigned_on")),
        readers: Readers::of::<ReadFactoring>(),
        left_out: &[],
    },
];
