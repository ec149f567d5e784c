//! The state machines: where a thing can stand, what leads from there to where, and who may do it.
//!
//! They are read from the code that decides, wherever a room decides by a function (`application`, the versions,
//! `instrument`, `expert_panel`); the others are written down in [`rules`], one beside the other. Tests hold all of them
//! against the contract: no list of statuses is missing, and each verb's roles are those of its operation.

pub mod api;
pub mod model;
pub mod rules;

use crate::platform::rooms::Room;

/// What the room brings to the application.
pub const ROOM: Room = Room {
    routes: api::routes,
    ..Room::EMPTY
};
