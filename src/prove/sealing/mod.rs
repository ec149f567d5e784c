//! The seal over the trail: who takes it away can prove that nobody changed it since.
//!
//! Units of work write entries without waiting for one another. A moment later the sealer chains them, in the order in which
//! their transactions ended: the hash of each is over the hash before it and the entry's own bytes
//! ([`rules::canonical`]). Whoever changes, takes out or puts in an entry breaks the chain there; whoever makes the whole
//! chain anew, or cuts off its end, contradicts the checkpoints, which are signed and can be kept elsewhere.

pub mod actions;
pub mod api;
mod events;
mod exports;
pub mod input;
pub mod model;
pub mod rules;
pub mod signing;
pub mod store;

use crate::platform::rooms::Room;

/// What the room brings to the application.
pub const ROOM: Room = Room {
    routes: api::routes,
    events: events::EVENTS,
    subscriptions: &[actions::SEALING],
    exports: exports::EXPORTS,
    ..Room::EMPTY
};
