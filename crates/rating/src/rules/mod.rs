//! How a score and what is known of a customer become a grade; the methods of scoring stand in the crate `methods`.

pub mod composite;
pub mod grade_defaults;
