//! API keys: how order systems and ERPs sign in. An admin makes a key, which is shown once; of its secret only a hash is kept.
//!
//! A key has one role, `system` or `auditor`, and is held to the permissions that it was made for: whoever may make keys can't
//! make one that approves anything. [`keyring`] knows the keys that are in use, so that most requests ask no database.

pub mod actions;
pub mod api;
pub mod events;
pub mod exports;
pub mod input;
pub mod keyring;
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
