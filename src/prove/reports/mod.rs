//! Questions across the book. Aging: what is outstanding, by how long it has been due, as of any day that has begun.
//!
//! The report begins with the items and the money that are open, and takes back what settlements and documents changed
//! after the day, so that it gives for a past day what was true at its end: an invoice that was paid later is open, a
//! receipt that was reversed later counts. Everything is read in one statement, which sees one state of the book.
//!
//! The portfolio matrix: customers by risk and value, as figures and as a drawing.

pub mod actions;
pub mod api;

pub mod input;
pub mod model;
pub mod rules;
pub mod store;
mod svg;

use crate::platform::rooms::Room;

/// What the room brings to the application.
pub const ROOM: Room = Room {
    routes: api::routes,
    ..Room::EMPTY
};
