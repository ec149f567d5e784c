//! What late payment costs: interest by the day, the fixed sum of the law, fees and other costs.
//!
//! A charge accrues outside the ledger: nobody owes it yet. Interest of an item runs from the day after it was due, in
//! segments of one principal and one rate, and is worked out anew as long as it is not claimed. Claimed by finance a charge
//! is an invoice with one item of its own, in the exposure category `claimed_charges`; it ages and is paid as any other.
//! Credit proposes to waive one, and another person in finance decides.
//!
//! What holds for a customer is what was agreed with it, else what the law of the company that sells says: the catalogues
//! `late_payment_regimes` and `reference_rates`, each row with its day and its source.
//!
//! Dunning asks [`actions::list_accrued`] what a customer could be charged, and claims it with its notice by
//! [`actions::claim_all`].

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
    jobs: &[actions::JOB],
    reactions: &[actions::CLAIMS],
    events: events::EVENTS,
    internal: events::INTERNAL,
    exports: exports::EXPORTS,
    ..Room::EMPTY
};
