//! What people say of customers: facts that nobody can compute, such as a market share or how able the management is.
//!
//! A fact answers one indicator of the [`catalogue`](super::catalogue), with who said it, where they have it from, the
//! day for which it holds and when it expires. Nothing is overwritten: of several, the newest that has not expired
//! counts, and the others stay to be seen.

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
    events: events::EVENTS,
    exports: exports::EXPORTS,
    ..Room::EMPTY
};
