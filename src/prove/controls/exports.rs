//! What can be taken away of the room's tables.

use crate::platform::exports::{
    DayOf, ExportTable, Readers, day, id, instant, integer, json, long, text,
};
use crate::platform::http::auth::ReadControls;
use kernel::ids::{ControlRun, Job};

/// In [`super::ROOM`].
pub const EXPORTS: &[ExportTable] = &[
    ExportTable {
        name: "control_runs",
        description: "When the internal controls were tested, of which days, and who signed it off.",
        table: "control_runs",
        fields: &[
            id::<ControlRun>("id"),
            day("period_from"),
            day("period_to"),
            id::<Job>("job_id"),
            text("started_by"),
            instant("started_at"),
            instant("finished_at"),
            text("signed_off_by"),
            instant("signed_off_at"),
            text("sign_off_note"),
            long("version"),
        ],
        joins: &[],
        order: &["id"],
        day: Some(DayOf::Instant("started_at")),
        readers: Readers::of::<ReadControls>(),
        left_out: &[],
    },
    ExportTable {
        name: "control_results",
        description: "What each internal control found in a run.",
        table: "control_results",
        fields: &[
            id::<ControlRun>("run_id"),
            text("control"),
            integer("position"),
            text("status"),
            text("not_testable"),
            long("population"),
            long("exception_count"),
            json("exceptions"),
        ],
        joins: &[],
        order: &["run_id", "control"],
        day: None,
        readers: Readers::of::<ReadControls>(),
        left_out: &[],
    },
];
