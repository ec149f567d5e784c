//! Events: what a room did, told to the rooms above it.
//!
//! The trail is the one log, and each entry is an event: its action is the type, `after` the payload. Nothing is
//! written twice, and nothing that the trail knows can fail to be told. A [`Subscription`] names the actions it wants
//! and what to do about them. It keeps its place in the log in a row of its own, and moves on in the transaction of its
//! effects: each event has its effect exactly once, however often a server stops or how many of them there are. One
//! that fails is tried again, later and later; it never skips, and holds up no other.
//!
//! A subscription begins at the end of the log: what happened before it was there has been lived with. One that reacts
//! to what it does itself would never end.

pub mod actions;
pub mod model;
mod rules;
pub mod store;
pub mod types;

pub use actions::{begin, begin_day, catch_up, deliver, has_begun, standing};
pub use model::{EVENTS_AT_ONCE, Event, LoggedEvent, Position, Subscription, SubscriptionLag};
pub use types::{EventType, EventTypes, Member, MemberKind, Payload, Scope, members};
