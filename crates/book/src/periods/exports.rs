//! What can be taken away of the room's tables.

use crate::platform::exports::{DayOf, ExportTable, Readers, day, id, instant, long, text};
use crate::platform::http::auth::ReadPeriods;
use kernel::ids::{LegalEntity, Period, PeriodViolation};

/// In [`super::ROOM`].
pub const EXPORTS: &[ExportTable] = &[
    ExportTable {
        name: "periods",
        description: "Periods of the books, and which are closed.",
        table: "periods",
        fields: &[
            id::<Period>("id"),
            id::<LegalEntity>("legal_entity_id"),
            text("code"),
            day("first_day"),
            day("last_day"),
            text("status"),
            text("changed_by"),
            instant("changed_at"),
            long("version"),
        ],
        joins: &[],
        order: &["id"],
        day: Some(DayOf::Day("first_day")),
        readers: Readers::of::<ReadPeriods>(),
        left_out: &[],
    },
    ExportTable {
        name: "period_violations",
        description: "What was recorded in closed periods.",
        table: "period_violations",
        fields: &[
            id::<PeriodViolation>("id"),
            id::<Period>("period_id"),
            text("document_id"),
            day("day"),
            text("created_by"),
            instant("created_at"),
        ],
        joins: &[],
        order: &["id"],
        day: Some(DayOf::Day("day")),
        readers: Readers::of::<ReadPeriods>(),
        left_out: &[],
    },
];
