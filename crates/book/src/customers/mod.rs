//! The customer file: who a customer is, who owns it, and which group it belongs to.
//!
//! A group is a tree: a customer may have a parent customer, whose group limit then holds for all below it. Moving a
//! customer to another group, or giving it another owner, country or industry, moves its exposure too; changes are
//! therefore made in [`crate::book::exposure`].
//!
//! How far the law has come in on a customer is part of its file too, and what follows from that is the grade scale's.
//!
//! Sales see the customers that they own; everybody else who may read customers sees all of them.

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
