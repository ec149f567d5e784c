//! The arithmetic of rating: values in, explained results out.

pub mod composite;
pub mod grade_defaults;
pub mod payment_behaviour;
pub mod statements;
pub mod terms;
