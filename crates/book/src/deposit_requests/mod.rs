//! Deposit requests: money that is asked for before an invoice.
//!
//! A request is noted and no more: it is no receivable, no exposure and in no aging. Money that comes for it is a prepayment
//! of its order (`receivables`), and what is paid of it is counted from those that stand, what is due first first.

pub mod actions;
pub mod api;
pub mod events;
pub mod exports;
pub mod input;
pub mod model;
pub mod rules;
pub mod store;

use crate::platform::rooms::Room;

/// What the room brings to the application.
pub const ROOM: Room = Room {
    routes: api::routes,
    reactions: &[actions::PAYMENTS],
    events: events::EVENTS,
    exports: exports::EXPORTS,
    ..Room::EMPTY
};
