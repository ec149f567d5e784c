//! Dunning: asking for overdue money, level by level, and never twice for the same.
//!
//! A procedure is a ladder of levels, kept as data: from how many days past due, from what amount, how long after the
//! level before, by which channel, in which words, and whether the account is then blocked. A run climbs it for the
//! whole book: previewed, approved by another person, issued. Issuing looks at the ledger of that moment again, so
//! that nobody who paid or was blocked meanwhile is dunned, and raises the stage of each invoice by exactly one.
//!
//! A customer's procedure is the one that its account names, else the one that the policy's terms name for its grade and
//! credit segment, else the default.
//!
//! A run goes from customer to customer, in slices that are units of work of their own ([`actions`]): a small one within
//! its request, a larger one as a job.
//!
//! What is dunned of a customer by one company in one currency is a case, from the first notice on until nothing of it is
//! overdue. After the last level it goes on: somebody proposes an agency, the court or a write-off, and finance decides.
//!
//! A stage that blocks puts a block on the credit account, as long as an open invoice stands at such a stage.
//! [`actions::BLOCKS`] reacts to the ledger, in the same unit of work: it lifts the block when the last such invoice is settled or cancelled, and
//! puts it back when a receipt is reversed and one of them is open again.

pub mod actions;
pub mod api;
pub mod events;
mod exports;
pub mod input;
pub mod letters;
pub mod model;
pub mod rules;
pub mod store;

use crate::platform::rooms::Room;

/// What the room brings to the application.
pub const ROOM: Room = Room {
    routes: api::routes,
    jobs: &[actions::PREVIEW_JOB, actions::ISSUE_JOB, actions::DAY_JOB],
    reactions: &[actions::BLOCKS],
    subscriptions: &[actions::SENDING],
    sweep: Some(actions::escalate_due),
    begin_day: Some(|tx| Ok(actions::begin_day(tx)?)),
    events: events::EVENTS,
    internal: events::INTERNAL,
    exports: exports::EXPORTS,
    ..Room::EMPTY
};
