//! Ratings.

pub mod actions;
pub mod model;
