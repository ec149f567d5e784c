//! Deadlines: by when something must be done about a customer, such as presenting a cheque. All of them stand in one
//! list, whichever room they come from.
//!
//! A room writes its own by [`actions::set`], and says by [`actions::meet`] or [`actions::withdraw_of`] what became of it;
//! people add theirs. One that is still open the day after it was due is missed, and an event tells so.

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
    sweep: Some(actions::miss_due),
    events: events::EVENTS,
    exports: exports::EXPORTS,
    ..Room::EMPTY
};
