//! The connection: what other systems hear of what happens here, and how it reaches them.

pub mod events;
pub mod postings;
pub mod webhooks;
