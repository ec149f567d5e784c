//! The integration tests: one binary, through HTTP, each test on both databases.

mod accounts;
mod customers;
mod house;
mod imports;
mod real_data;
mod schema;
mod security;
mod support;
