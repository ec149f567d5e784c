//! What can be taken away of the room's tables.

use crate::platform::exports::{
    CUSTOMER, CUSTOMER_NAME, CUSTOMER_NUMBER, DayOf, ExportTable, Readers, id, instant, integer,
    json, long, share, text,
};
use crate::platform::http::auth::{ReadPanels, ReadProof};
use kernel::ids::{Customer, ExpertOpinion, ExpertPanel};

/// In [`super::ROOM`].
pub const EXPORTS: &[ExportTable] = &[
    ExportTable {
        name: "expert_panels",
        description: "Panels of experts.",
        table: "expert_panels",
        fields: &[
            id::<ExpertPanel>("id"),
            id::<Customer>("customer_id"),
            CUSTOMER_NUMBER,
            CUSTOMER_NAME,
            text("status"),
            text("question"),
            json("indicators"),
            integer("round"),
            integer("rounds_max"),
            integer("quorum"),
            share("dispersion_limit", "dispersion_limit_ppm"),
            text("convened_by"),
            instant("convened_at"),
            text("ended_by"),
            instant("ended_at"),
            text("end_reason"),
            long("version"),
        ],
        joins: &[CUSTOMER],
        order: &["id"],
        day: Some(DayOf::Instant("convened_at")),
        readers: Readers::of::<ReadPanels>(),
        left_out: &[],
    },
    ExportTable {
        name: "panel_experts",
        description: "Who sits on panels.",
        table: "panel_experts",
        fields: &[id::<ExpertPanel>("panel_id"), text("subject")],
        joins: &[],
        order: &["panel_id", "subject"],
        day: None,
        readers: Readers::of::<ReadProof>(),
        left_out: &[],
    },
    ExportTable {
        name: "panel_rounds",
        description: "Rounds of panels.",
        table: "panel_rounds",
        fields: &[
            id::<ExpertPanel>("panel_id"),
            integer("round"),
            instant("opened_at"),
            text("closed_by"),
            instant("closed_at"),
            json("summary"),
        ],
        joins: &[],
        order: &["panel_id", "round"],
        day: None,
        readers: Readers::of::<ReadProof>(),
        left_out: &[],
    },
    ExportTable {
        name: "expert_opinions",
        description: "What experts said.",
        table: "expert_opinions",
        fields: &[
            id::<ExpertOpinion>("id"),
            id::<ExpertPanel>("panel_id"),
            integer("round"),
            text("subject"),
            json("scores"),
            instant("given_at"),
        ],
        joins: &[],
        order: &["id"],
        day: Some(DayOf::Instant("given_at")),
        readers: Readers::of::<ReadProof>(),
        left_out: &[],
    },
];
