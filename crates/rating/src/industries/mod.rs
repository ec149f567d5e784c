//! The industry table: how industries grow, how concentrated they are, how risky.
//!
//! An industry has the code that customers carry as theirs. Nothing in the table is overwritten: a change is another
//! version, and a value as of an earlier day is that of the version which held then.

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
