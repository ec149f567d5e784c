//! Webhooks by Standard Webhooks: an administrator says where events are told, and netterms tells them there, signed,
//! until they are received.
//!
//! An endpoint keeps its place in the log. [`feeding`] reads on from there and makes a delivery of each event that the
//! endpoint wants; [`worker`] sends what is due and writes down what came of it. Whoever sends holds a lease on the delivery,
//! so that of several servers one does. What is not received is tried again, later and later, for three days; then it is
//! dead, and an endpoint that received nothing for as long is switched off. Of events about one resource the next is
//! sent when the one before is received or dead.

pub mod actions;
pub mod api;
pub mod events;
mod exports;
pub mod feeding;
pub mod input;
pub mod model;
pub mod rules;
pub mod secrets;
pub mod sender;
pub mod store;
pub mod worker;

use crate::platform::rooms::Room;

/// What the room brings to the application.
pub const ROOM: Room = Room {
    routes: api::routes,
    events: events::EVENTS,
    internal: &["webhook_delivery.replayed"],
    sweep: Some(actions::forget_old),
    exports: exports::EXPORTS,
    ..Room::EMPTY
};
