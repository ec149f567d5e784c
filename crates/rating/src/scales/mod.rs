//! Grade scales as versions: where scores are cut into grades, what bounds a grade whatever its score, how far an
//! expert may move it, and how long a rating is good.
//!
//! Exactly one version is live and never changes; a change is a draft by one person that another sets live. The first
//! start sets AAA to CCC live, with D and NR, so that a new book can rate at once.

pub mod actions;
pub mod api;
pub mod events;
mod exports;
pub mod input;
pub mod model;
pub mod rules;
pub mod store;

use crate::platform::rooms::Room;

/// What the room brings to the application.
pub const ROOM: Room = Room {
    routes: api::routes,
    furnish: Some(actions::ensure_default),
    events: events::EVENTS,
    internal: events::INTERNAL,
    exports: exports::EXPORTS,
    ..Room::EMPTY
};
