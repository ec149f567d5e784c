//! Tokens that count no more: an admin says so of one token, or of all that a person has, before they end by themselves.
//!
//! Every server remembers all of them ([`revoked`]) and looks for new ones every two seconds. One is kept until no token that it is
//! about could be valid any more.

pub mod actions;
pub mod api;
pub mod exports;
pub mod input;
pub mod model;
pub mod revoked;
pub mod store;

use crate::platform::rooms::Room;

/// What the room brings to the application.
pub const ROOM: Room = Room {
    routes: api::routes,
    exports: exports::EXPORTS,
    internal: &["token_revocation.created"],
    sweep: Some(actions::forget_old),
    ..Room::EMPTY
};
