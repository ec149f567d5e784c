//! Exports: what the rooms keep, taken away as files.
//!
//! Each room declares its tables ([`crate::platform::exports`]). Whoever may read one asks for it, a job writes it row by row from
//! one state of the database, and the file waits in the database for some days, so that any replica gives it out. Every export
//! and every download stands in the trail.

pub mod actions;
pub mod api;
#[expect(
    clippy::module_inception,
    reason = "the room takes away its own table, too"
)]
mod exports;
pub mod input;
pub mod model;
pub mod rules;
pub mod store;

use crate::platform::jobs::worker::{JobKind, Lane};
use crate::platform::rooms::Room;

/// What the room brings to the application.
pub const ROOM: Room = Room {
    routes: api::routes,
    jobs: &[JobKind {
        name: actions::KIND,
        work: actions::work,
        lane: Lane::Exports,
    }],
    // Whoever asked for an export asks for it by its id.
    internal: &[
        "export.created",
        "export.downloaded",
        "export.expired",
        "export.made",
    ],
    exports: exports::EXPORTS,
    sweep: Some(actions::forget_expired),
    ..Room::EMPTY
};
