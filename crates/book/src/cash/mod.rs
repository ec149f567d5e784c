//! Cash application: what the bank says came in, whose money it is, and what it pays.
//!
//! A bank statement is sent as camt.053, camt.054, MT940 or CSV. It is read and checked at once, and refused whole when
//! it does not add up; a job then keeps its entries and looks for what each pays. An entry that was known already, from
//! the same statement or another, is not taken twice. What came in becomes receipts, each of them once: by itself when
//! one proposal is surer than the policy asks, else when a person accepts a proposal or says whose money it is. Until
//! then nobody has paid: an entry counts for no customer. A receipt that is reversed gives its money back to its entry.
//!
//! Matching looks up the numbers that a payment names among the open invoices (`invoice_keys`), the account that it came
//! from among those that customers paid from before, and its payer's name among the customers'. `rules` weighs what is
//! found. `docs/domain/cash-application.md` tells all of it.

pub mod actions;
pub mod api;
pub mod events;
mod exports;
pub mod formats;
pub mod input;
pub mod model;
pub mod rules;
pub mod store;

use crate::platform::rooms::Room;

/// What the room brings to the application.
pub const ROOM: Room = Room {
    routes: api::routes,
    jobs: &[actions::STATEMENT_JOB, actions::MATCHING_JOB],
    reactions: &[actions::KEYS, actions::REVERSALS],
    events: events::EVENTS,
    exports: exports::EXPORTS,
    ..Room::EMPTY
};
