//! What the indicators say of customers: for any number of them, as of any day.
//!
//! A value is computed when it is asked for, from what netterms knows: the latest financial statement and the one
//! before, our own ledger, the industry table, and what people have said. Each comes with its source, the day for which
//! it holds, when it expires and what went in; what is missing says why.
//!
//! Ratings ask [`actions::values`].

pub mod actions;
pub mod api;
pub mod model;
pub mod rules;
pub mod store;

use crate::platform::rooms::Room;

/// What the room brings to the application.
pub const ROOM: Room = Room {
    routes: api::routes,
    ..Room::EMPTY
};
