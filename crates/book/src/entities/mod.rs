//! Legal entities: the companies that sell. What a customer owes is kept for each of them, in each currency, while the
//! customer, its group and its limit are one.
//!
//! The first, [`kernel::ids::MAIN_ENTITY`], is there from the start; a document that names none is of it, so that who
//! has a single company never meets the word.

pub mod actions;
pub mod api;
pub mod events;
mod exports;
pub mod input;
pub mod model;
pub mod store;

use crate::platform::rooms::Room;

/// What the room brings to the application.
pub const ROOM: Room = Room {
    routes: api::routes,
    events: events::EVENTS,
    exports: exports::EXPORTS,
    ..Room::EMPTY
};
