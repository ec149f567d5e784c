//! The integration tests: one binary, through HTTP, each test on both databases.

mod accounts;
mod applications;
mod customers;
mod house;
mod policies;
mod schema;
mod security;
mod support;
