//! Exchange rates: with which rate money in one currency is converted into another, and that there is none.
//!
//! A rate says how many units of the quote currency one unit of the base currency is, from its day until the next one.
//! Rates are only ever appended: a correction is a new row for the same pair and day, and the one set last holds.
//!
//! Asked for a pair, the table answers with the pair itself, else with the pair turned round, else with a cross through
//! one third currency, as in a table of the ECB, where everything is quoted against the euro. Where none of these leads
//! from one currency to the other there is no rate, and what needs it is refused: nothing is ever taken as 1:1.
//!
//! Whoever needs to convert asks [`actions::latest`] once, with all the currencies at hand, and then
//! [`rules::RateTable::find`] and [`rules::convert`] as often as there is money.

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
