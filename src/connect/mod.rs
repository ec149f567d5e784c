//! The connection: what other systems hear of what happens here, how it reaches them, and how they sign in.

pub mod api_keys;
pub mod events;
pub mod postings;
pub mod revocations;
pub mod webhooks;
