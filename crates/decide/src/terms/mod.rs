//! What terms cost and earn (formulas 3.13): the expected profit of an order, the annual rate of a discount, a year on
//! one set of terms and on another, and the terms of two policies over our own book.
//!
//! Nothing is kept here: a question is answered from what is asked and from the ledger, with every step.

pub mod actions;
pub mod api;
pub mod input;
pub mod model;
pub mod rules;

use crate::platform::rooms::Room;

/// What the room brings to the application.
pub const ROOM: Room = Room {
    routes: api::routes,
    ..Room::EMPTY
};
