//! Payment terms and calendars: when an invoice is due, in how many instalments, and what is granted to who pays early.
//!
//! Terms are data. An instalment is a share, an amount or the rest of the invoice; its due date is found from the baseline
//! date by days, by the end of a month, by a day of the month, or stands on the document. A discount holds until a day that
//! is found alike. Terms change by versions: one person drafts, another sets live. What an invoice was posted under stays
//! with it.
//!
//! A calendar says which days are worked. Terms that name one shift what falls on another day to a business day.

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
    furnish: Some(actions::ensure_shipped),
    events: events::EVENTS,
    internal: events::INTERNAL,
    exports: exports::EXPORTS,
    ..Room::EMPTY
};
