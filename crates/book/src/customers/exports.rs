//! What can be taken away of the room's tables.

use crate::platform::exports::{
    CUSTOMER, CUSTOMER_NAME, CUSTOMER_NUMBER, DayOf, ExportTable, Readers, day, id, instant, json,
    long, text,
};
use crate::platform::http::auth::ReadCustomers;
use kernel::ids::{Customer, CustomerAlias};

/// In [`super::ROOM`].
pub const EXPORTS: &[ExportTable] = &[
    ExportTable {
        name: "customers",
        description: "Customers, with their addresses and contacts as they are now.",
        table: "customers",
        fields: &[
            id::<Customer>("id"),
            text("number"),
            text("name").personal(),
            text("country"),
            text("industry"),
            text("street").personal(),
            text("city").personal(),
            text("postal_code").personal(),
            text("language"),
            text("owner"),
            id::<Customer>("parent_customer_id"),
            instant("created_at"),
            instant("changed_at"),
            long("version"),
            text("legal_status"),
            day("legal_status_since"),
            json("contacts").personal(),
            day("in_default_since"),
        ],
        joins: &[],
        order: &["id"],
        day: None,
        readers: Readers::of::<ReadCustomers>(),
        left_out: &[("search_key", "the name again, folded to be found")],
    },
    ExportTable {
        name: "customer_aliases",
        description: "What source systems call customers.",
        table: "customer_aliases",
        fields: &[
            id::<CustomerAlias>("id"),
            id::<Customer>("customer_id"),
            CUSTOMER_NUMBER,
            CUSTOMER_NAME,
            text("source_system"),
            text("alias").personal(),
            text("created_by"),
            instant("created_at"),
            long("version"),
        ],
        joins: &[CUSTOMER],
        order: &["id"],
        day: Some(DayOf::Instant("created_at")),
        readers: Readers::of::<ReadCustomers>(),
        left_out: &[],
    },
    ExportTable {
        name: "customer_owners",
        description: "Who owns customers, now and before.",
        table: "customer_owners",
        fields: &[
            id::<Customer>("customer_id"),
            CUSTOMER_NUMBER,
            CUSTOMER_NAME,
            text("owner"),
            instant("owned_until"),
        ],
        joins: &[CUSTOMER],
        order: &["customer_id", "owner"],
        day: None,
        readers: Readers::of::<ReadCustomers>(),
        left_out: &[],
    },
];
