//! Refunds: money that a customer paid too much, given back.
//!
//! One person requests, another approves, and somebody says that it was paid. From its approval on the money is held: it is
//! no longer unapplied, and settles nothing. A refund that was approved and is not paid after all is cancelled, which frees
//! the money.

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
