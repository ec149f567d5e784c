//! The audit trail: reading it. Every unit of work writes its own entries ([`crate::platform::db::Tx::record`]); the
//! database refuses to change or delete them.

pub mod exports;
pub mod input;
pub mod model;
pub mod rules;
pub mod store;
