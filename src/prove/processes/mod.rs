//! Cases and their steps, for process mining: who did what of which application, invoice or limit check, and when.
//!
//! Nothing is written for it: the steps are entries of the trail, read in pages of whole cases, so that a log of any length
//! goes out as a stream.

pub mod actions;
pub mod api;
pub mod input;
pub mod model;
pub mod rules;
pub mod store;

use crate::platform::rooms::Room;

/// What the room brings to the application.
pub const ROOM: Room = Room {
    routes: api::routes,
    ..Room::EMPTY
};
