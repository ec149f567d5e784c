//! The integration tests: one binary, through HTTP, each test on both databases.

mod accounts;
mod aging;
mod customers;
mod house;
mod imports;
mod real_data;
mod receivables;
mod schema;
mod security;
mod support;
