//! The credit desk: limit checks, reservations and credit blocks.
//!
//! An order system asks whether a customer may have so much more. The answer is a decision with reasons, never an
//! error; with `reserve` it takes the capacity in the same breath. What needs a person opens a credit block, which
//! keeps the request until credit releases or rejects it. A reservation is captured into an invoice, released, or
//! expires; at no moment is an amount counted twice or not at all.
//!
//! A check is decided by the [`check`] engine, from a snapshot of facts and the policy. Checks go through the [`desk`],
//! which decides many in one transaction. Everything else here takes the same locks
//! in the same order ([`crate::book::exposure::actions::lock`]).

pub mod actions;
pub mod api;
pub mod blocks;
pub mod check;
pub mod desk;
pub mod error;
pub mod events;
mod exports;
pub mod input;
pub mod model;
pub mod recheck;
pub mod record;
pub mod replay;
pub mod simulation;
pub mod store;

use crate::platform::rooms::Room;

/// What the room brings to the application.
pub const ROOM: Room = Room {
    routes: api::routes,
    jobs: &[simulation::JOB],
    subscriptions: &[recheck::WAITING_ORDERS],
    sweep: Some(actions::expire_due),
    events: events::EVENTS,
    exports: exports::EXPORTS,
    ..Room::EMPTY
};
