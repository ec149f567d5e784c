//! Credit applications: sales ask for a limit and terms, credit reviews and recommends, the authority matrix decides.
//!
//! A draft is submitted, reviewed and recommended, then approved by somebody whose authority reaches the limit: by
//! credit alone, or above credit's authority by credit's highest level and then by finance. Nobody takes two parts in
//! one application: whoever applied does not review or approve, whoever recommended does not approve, and two
//! approvals are two people's. Approval sets limit and terms on the account, or waits until its conditions are
//! fulfilled. Every step keeps who, when and why; none is ever changed.
//!
//! Under review, an application is assessed: what is known of the customer, what the limit methods make of it, and what
//! the policy gives its grade. Where the policy lets it, netterms then approves by itself.
//!
//! [`actions::expire_due`] ends what waited in vain for information or conditions.

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
    sweep: Some(actions::expire_due),
    events: events::EVENTS,
    exports: exports::EXPORTS,
    ..Room::EMPTY
};
