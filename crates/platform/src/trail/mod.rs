//! The audit trail: reading it. Every unit of work writes its own entries ([`crate::platform::db::Tx::record`]); the
//! database refuses to change or delete them.

pub mod api;
pub mod exports;
pub mod input;
mod model;
pub mod rules;
pub mod store;
