//! The integration tests: one binary, through HTTP, each test on both databases.

mod accounts;
mod customers;
mod dunning;
mod house;
mod schema;
mod security;
mod support;
