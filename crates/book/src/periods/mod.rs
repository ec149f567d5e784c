//! Periods: until which day the books of a legal entity are closed.
//!
//! A book without periods is open for every day; so is a day that lies in none. The general ledger owns periods: an ERP says
//! how they stand, or they are kept here. Into a closed one nothing is posted where the receivables are kept here; where
//! netterms follows another ledger it is recorded, and flagged as a violation. Reopening takes two persons, by a change
//! request.
//!
//! Rooms that post ask [`actions::ClosedPeriods`], once for all documents of a unit of work.

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
    events: events::EVENTS,
    exports: exports::EXPORTS,
    ..Room::EMPTY
};
