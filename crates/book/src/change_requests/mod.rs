//! Change requests: what one person proposes and another decides, such as whose group a customer belongs to.
//!
//! A room registers a kind of change ([`kinds::KindOfChange`]): how its target is read, and how a change is applied. A
//! request has one line or several, such as those of a file: each keeps what its target was and what it is to become. All
//! lines are decided as one, by another person, and applied in the unit of work of the approval. A line whose target has
//! changed since it was proposed is stale, one that the book does not allow any more is refused; neither is applied, and
//! both are told.
//!
//! Sales see the requests with lines about their own customers, and these lines.

pub mod actions;
pub mod api;
pub mod events;
mod exports;
pub mod input;
pub mod kinds;
pub mod model;
pub mod store;

use crate::platform::rooms::Room;

/// What the room brings to the application.
pub const ROOM: Room = Room {
    routes: api::routes,
    events: events::EVENTS,
    exports: exports::EXPORTS,
    ..Room::EMPTY
};
