//! Files into the book: customers, credit accounts with the limits they have today, invoices, receipts and exchange
//! rates.
//!
//! A file is received as a job and posted by the worker; `netterms import` does the same in its own process. Lines
//! are posted in chunks, each with a few statements. Every line has a number of its own, and a line whose number is
//! known is never posted again: with the same content it is `unchanged`, with another it is refused, because imports
//! never overwrite; a line with another exchange rate than the one that holds is appended as its correction. A file may
//! therefore be sent again after whatever happened.
//!
//! Other files keep the book as another system has it. An upsert changes what differs. A snapshot is all there is: what the
//! book has and the file lacks is told, and closed when asked. Any file can be tried first.
//!
//! `docs/imports.md` documents the columns for those who write the files.

pub mod actions;
pub mod api;
mod decoding;
pub mod events;
mod exports;
pub mod input;
pub mod model;
pub mod reading;
mod records;
pub mod rules;
pub mod store;

use crate::platform::rooms::Room;

/// What the room brings to the application.
pub const ROOM: Room = Room {
    routes: api::routes,
    jobs: &[actions::JOB],
    events: events::EVENTS,
    exports: exports::EXPORTS,
    ..Room::EMPTY
};
