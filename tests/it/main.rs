//! The integration tests: one binary, through HTTP, each test on both databases.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may fail where it stands"
)]

mod accounts;
mod applications;
mod customers;
mod demo;
mod dunning;
mod house;
mod limits;
mod policies;
mod schema;
mod security;
mod support;
