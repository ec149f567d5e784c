//! Versions of what people agree on: drafted by one person, approved by another, live, and retired when the next one
//! goes live.
//!
//! One mechanism for policies, grade scales, rating models, catalogues, dunning procedures and what comes. A room's row is
//! a [`model::Version`], its table a [`store::VersionTable`]; the steps are pure functions in [`rules`], which give the
//! rows as they become, and [`actions`] write them with their trail entries. A room finds its version, checks what it
//! says, and calls the step. A kind's [`model::Life`] says whether approval sets a version live at once. In each slot of a
//! kind one version is live: the one before is part of what a step gives, retired.

pub mod actions;
pub mod api;
pub mod model;
pub mod rules;
pub mod store;
