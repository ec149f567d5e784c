//! Factoring: receivables that are sold to a factor, or pledged to a bank.
//!
//! An agreement says who the factor is, whether it can come back to us (recourse), what it advances, and whether customers
//! know (`disclosed`) or not (`silent`). Invoices are sold or pledged under it by change requests of the kind
//! `factoring_assignment`: one person of finance proposes, another approves.
//!
//! - Sold without recourse, what is open on an invoice is no exposure from that day on; the invoice is `sold` and stays
//!   open, because its buyer is to be paid.
//! - Sold with recourse or pledged, it stays exposure: the risk is ours.
//! - Disclosed, the factor asks for its money, and dunning leaves the invoice out. Silent, we dun for it.
//!
//! Buying an invoice back ends its assignment, and makes it exposure again.

pub mod actions;
pub mod api;
mod changes;
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
    events: events::EVENTS,
    exports: exports::EXPORTS,
    ..Room::EMPTY
};
