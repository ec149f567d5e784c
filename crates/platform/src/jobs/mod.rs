//! Background jobs: work that outlives a request, with progress, a report and the right to be cancelled.
//!
//! A job keeps its caller, so that the work runs as that person and the trail says so. A worker takes a job by a
//! lease, which is renewed while it works; a job whose lease ran out is taken by any replica again, three times at most. Work must therefore be harmless to begin anew. A job may come with a file, kept in parts
//! that are forgotten when it ends.

pub mod actions;
pub mod api;
mod context;
pub mod exports;
pub mod file;
pub mod input;
pub mod model;
pub mod output;
pub mod report;
pub mod store;
pub mod worker;
