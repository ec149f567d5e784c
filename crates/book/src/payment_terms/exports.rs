//! What can be taken away of the room's tables.

use crate::platform::exports::{
    DayOf, ExportTable, Readers, id, instant, integer, json, long, text,
};
use crate::platform::http::auth::ReadPaymentTerms;
use kernel::ids::{CreditAccount, PaymentTermsVersion};

/// In [`super::ROOM`].
pub const EXPORTS: &[ExportTable] = &[
    ExportTable {
        name: "payment_term_versions",
        description: "Versions of payment terms.",
        table: "payment_term_versions",
        fields: &[
            id::<PaymentTermsVersion>("id"),
            text("code"),
            integer("terms_version"),
            text("status"),
            json("document"),
            text("reason"),
            text("author"),
            json("drafters"),
            text("approver"),
            instant("created_at"),
            instant("live_at"),
            instant("retired_at"),
            long("version"),
        ],
        joins: &[],
        order: &["id"],
        day: Some(DayOf::Instant("created_at")),
        readers: Readers::of::<ReadPaymentTerms>(),
        left_out: &[],
    },
    ExportTable {
        name: "account_payment_terms",
        description: "Payment terms of accounts.",
        table: "account_payment_terms",
        fields: &[
            id::<CreditAccount>("account_id"),
            json("payment_terms"),
            text("reason"),
            text("set_by"),
            instant("changed_at"),
            long("version"),
        ],
        joins: &[],
        order: &["account_id"],
        day: None,
        readers: Readers::of::<ReadPaymentTerms>(),
        left_out: &[],
    },
    ExportTable {
        name: "calendars",
        description: "Which days are worked.",
        table: "calendars",
        fields: &[
            text("code"),
            json("document"),
            text("changed_by"),
            instant("changed_at"),
            long("version"),
        ],
        joins: &[],
        order: &["code"],
        day: None,
        readers: Readers::of::<ReadPaymentTerms>(),
        left_out: &[],
    },
];
