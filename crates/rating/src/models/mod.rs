//! The registry of rating models: attribute trees, anchored TOPSIS, scorecards, decision trees, and composites of them.
//!
//! A model is a document of its kind, by code and version. It goes from draft to shadow, where it rates beside the live
//! model and decides nothing, is approved by a person who had no part in writing it, and goes live; the one that was
//! live retires. From shadow on its document never changes. Scorecards and trees can be fitted here on a training set,
//! as a job that leaves a draft with its validation report.

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
    jobs: &[actions::fitting::JOB],
    furnish: Some(actions::ensure_default),
    events: events::EVENTS,
    exports: exports::EXPORTS,
    ..Room::EMPTY
};
