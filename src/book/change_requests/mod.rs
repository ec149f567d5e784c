//! Change requests: what one person proposes and another decides, such as whose group a customer belongs to.
//!
//! A room registers a kind of change ([`kinds::KindOfChange`]): how its target is read, and how a change is applied. A
//! request keeps what the target was and what it is to become. Who approves it applies it in the same unit of work,
//! unless the target has changed since it was proposed: then the request is stale, and nothing is applied.
//!
//! Sales see the requests about their own customers.

pub mod actions;
pub mod api;
pub mod input;
pub mod kinds;
pub mod model;
pub mod store;

use crate::platform::rooms::Room;

/// What the room brings to the application.
pub const ROOM: Room = Room {
    routes: api::routes,
    ..Room::EMPTY
};
