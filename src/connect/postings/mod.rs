//! Postings: what began here and a general ledger elsewhere has to follow: settlements, what was granted or given up, and
//! refunds. The ERP reads those that are open, posts them, and acknowledges each with its own reference.
//!
//! They are made a moment after what they tell, by a subscription, in the unit of work that moves it on: none is missed,
//! and none is made twice. What a system states together with its own document began there, and makes none.

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
    subscriptions: &[actions::WHAT_BEGAN_HERE],
    exports: exports::EXPORTS,
    ..Room::EMPTY
};
