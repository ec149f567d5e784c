//! The receivables ledger: invoices, credit notes, receipts, and what settles what.
//!
//! An invoice is open until receipts and credit notes settle it. Settlements are appended and never changed: applying
//! money adds a row, taking it back adds a row of the opposite sign that names the first. What is open on an invoice,
//! and what is unapplied of a receipt or credit note, stand on their rows and in the account's exposure, which change
//! together in one unit of work under the account's lock. None of them is ever negative.
//!
//! A settlement is effective on a business day: not before the money came and not before the invoice is dated. What is done
//! to documents later (applying, taking off, reversing, cancelling) is effective on the day on which it is done, or on one
//! that the caller names, from the document's own day on. So any past day keeps the answer that it had at its end, but
//! for what is entered later for an earlier day.
//!
//! A number names the living document: it is free again when that one is cancelled or reversed.
//!
//! Other rooms post by [`actions::post_invoices`] and [`actions::post_receipts`], and ask [`store::list_unpaid`] and
//! [`store::list_payments`] how customers pay.

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
