//! The story of a customer across all rooms: what happened with it, by whom, in a sentence each.
//!
//! Nothing is written down twice but the place: a subscription notes which entries of the trail concern which customer, a
//! moment after they happened and from the first entry on, so that a story is read without looking through the log. What is
//! told of each, and to whom, the catalogue of events says.

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
    subscriptions: &[actions::CONCERNING],
    ..Room::EMPTY
};
