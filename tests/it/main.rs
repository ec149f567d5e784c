//! The integration tests: one binary, through HTTP, each test on both databases.

mod accounts;
mod customers;
mod house;
mod limits;
mod schema;
mod security;
mod support;
