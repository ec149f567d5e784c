//! The nine internal controls of trade credit, tested over the book: each looks at what was done in a period and lists
//! what is not as the control wants it.
//!
//! A run tests all of them as a job. Somebody else, an auditor, signs it off with a note: who records and decides does not
//! judge alone whether it was done rightly. A later room adds its control to [`actions::CONTROLS`].

pub mod actions;
pub mod api;
mod events;
pub mod exports;
pub mod input;
pub mod model;
pub mod rules;
pub mod store;

use crate::platform::rooms::Room;

/// What the room brings to the application.
pub const ROOM: Room = Room {
    routes: api::routes,
    jobs: &[actions::JOB],
    events: events::EVENTS,
    exports: exports::EXPORTS,
    ..Room::EMPTY
};
