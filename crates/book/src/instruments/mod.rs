//! Payment instruments: cheques, drafts, bills and notes that customers pay with.
//!
//! Who gives us an instrument has paid on condition. On receipt its amount settles invoices by a receipt of its own, and
//! counts as exposure of the category `instruments` instead, until it clears. An instrument that is dishonoured takes its
//! receipt back: the invoices are open again with the due dates that they always had, and a fee may be claimed.
//!
//! What kinds there are, by when one must be presented and whether its acceptor answers for it, is data: the catalogue
//! `instrument_kinds`. The last day of presentation is a deadline. What an acceptor must pay counts under the portfolio
//! cap of its name, and where its kind says so as exposure of the acceptor's own account.

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
