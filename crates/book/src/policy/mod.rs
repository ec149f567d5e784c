//! The credit policy as versioned data: check rules, authority matrix, life of reservations and applications.
//!
//! Exactly one version is live and never changes; a change is a draft by one person that another sets live. The
//! first start sets the default of [`rules::default_document`] live, so that a new book can decide at once.

pub mod actions;
pub mod api;
pub mod events;
mod exports;
pub mod input;
pub mod model;
pub mod references;
pub mod rules;
pub mod store;

use crate::platform::rooms::Room;

/// What the room brings to the application.
pub const ROOM: Room = Room {
    routes: api::routes,
    furnish: Some(actions::ensure_default),
    events: events::EVENTS,
    internal: events::INTERNAL,
    exports: exports::EXPORTS,
    ..Room::EMPTY
};
