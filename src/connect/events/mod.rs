//! Events as other systems hear of them: the entries of the trail whose actions the rooms declared as events, in the
//! order of the log, each with the members that its type tells.
//!
//! Nothing is written for it. Whoever reads sees of each type what its role may read there, and sales what concerns its
//! own customers. A cursor is a place in the log, so that nothing is skipped and nothing told twice; on PostgreSQL
//! nobody reads past a transaction that still runs (see `platform/events`).

pub mod actions;
pub mod api;
pub mod input;
pub mod model;
pub mod pulse;
pub mod rules;
pub mod store;

use crate::platform::rooms::Room;

/// What the room brings to the application.
pub const ROOM: Room = Room {
    routes: api::routes,
    ..Room::EMPTY
};
