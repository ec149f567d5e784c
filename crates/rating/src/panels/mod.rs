//! Panels of experts: what several people think of a customer, asked in rounds (the Delphi method).
//!
//! Credit convenes a panel on questions that are a matter of judgement. In a round each expert scores alone: nobody sees
//! what the others say before the round is closed. Then the scores are summed up, with how far apart they are
//! and the notes without names, and either another round lets everybody think again, or the panel is concluded: what
//! it agreed on becomes facts of the customer, by which ratings are made and explained.
//!
//! Who runs a panel gives no opinion in it, and alone learns with the auditor who said what.

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
    internal: events::INTERNAL,
    exports: exports::EXPORTS,
    ..Room::EMPTY
};
