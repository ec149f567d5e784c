//! What can be taken away of the room's tables.

use crate::platform::exports::{DayOf, ExportTable, Readers, bytes, id, instant, long, text};
use crate::platform::http::auth::ReadProof;
use kernel::ids::TrailCheckpoint;

/// In [`super::ROOM`].
pub const EXPORTS: &[ExportTable] = &[
    ExportTable {
        name: "trail_seals",
        description: "The chain over the trail.",
        table: "trail_seals",
        fields: &[long("position"), long("seq"), bytes("hash")],
        joins: &[],
        order: &["position"],
        day: None,
        readers: Readers::of::<ReadProof>(),
        left_out: &[],
    },
    ExportTable {
        name: "trail_checkpoints",
        description: "Signed places in the chain.",
        table: "trail_checkpoints",
        fields: &[
            id::<TrailCheckpoint>("id"),
            long("position"),
            bytes("hash"),
            instant("signed_at"),
            text("signed_by"),
            bytes("public_key"),
            bytes("signature"),
        ],
        joins: &[],
        order: &["id"],
        day: Some(DayOf::Instant("signed_at")),
        readers: Readers::of::<ReadProof>(),
        left_out: &[],
    },
];
