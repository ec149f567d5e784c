//! Credit accounts: how much a customer may owe, how much it owes or may come to owe, and what stands in its way.
//!
//! Every customer has at most one credit account, in one currency. The account carries its limit with a history that
//! is never overwritten, its terms, its status, and its exposure by category, which changes in the transaction that
//! changes what it counts. Each account also carries the exposure of the whole group under its customer.
//!
//! Whoever changes exposure first takes [`actions::lock`]: the customer's account and those of all its ancestors, in
//! order of id. Money moves under that lock only, by [`actions::post`].

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
    furnish: Some(actions::hand_down_all),
    events: events::EVENTS,
    exports: exports::EXPORTS,
    ..Room::EMPTY
};
