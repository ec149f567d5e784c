//! The audit trail, read by people: auditors see it whole, others what the events tell that their role may read.

pub mod api;

use crate::platform::rooms::Room;
use crate::platform::trail::exports;

/// What the room brings to the application.
pub const ROOM: Room = Room {
    routes: api::routes,
    exports: exports::EXPORTS,
    ..Room::EMPTY
};
