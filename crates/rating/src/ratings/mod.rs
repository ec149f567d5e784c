//! Ratings: each customer's grade, by the live model and the live scale, with everything that led to it.
//!
//! A rating keeps its inputs, the versions of model and scale, what each factor contributed, and every rule that was
//! asked. It never changes but for an override, by another person, until a day; the next rating supersedes it. Models
//! in shadow rate beside the live one, and what they say is kept with it. [`actions::current`] is what other rooms ask.

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
    jobs: &[actions::rerating::JOB, actions::runs::JOB],
    begin_day: Some(|tx| Ok(actions::rerating::begin_day(tx)?)),
    events: events::EVENTS,
    exports: exports::EXPORTS,
    ..Room::EMPTY
};
