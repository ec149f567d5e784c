//! Financial statements of customers, as they gave them.
//!
//! A statement is never changed. Who entered it wrongly, or is given a corrected one, enters it again as a correction:
//! another version of the same period, with the one before still to be seen. What is computed from a statement (ratios,
//! trends, Z-scores, what does not fit together) is computed when it is read ([`methods::statements`]).

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
