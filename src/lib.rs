//! netterms: trade-credit management. Who may buy on account, up to what limit and on what terms, and the money
//! coming in.
//!
//! The house, from the top floor down; a room uses only floors below its own and rooms named before it:
//!
//! - [`commands`]: the command line, one function for each command.
//! - [`server`]: the actix application: assembly, middleware, the contract, docs, health, metrics, the worker.
//! - [`drill`]: a sandbox book, lived through on a clock that can be turned.
//! - [`prove`]: reports over the whole book, as of any date; exports, and the audit.
//! - [`connect`]: what other systems hear of: events, webhooks.
//! - [`decide`]: limit checks, reservations, credit blocks, what terms cost, credit applications.
//! - [`collect`]: seeing to it that the money comes in: dunning.
//! - [`rating`]: what is known of customers, and how good they therefore are.
//! - [`book`]: customers, credit policy, exchange rates, credit accounts and exposure, the receivables ledger, imports.
//! - [`platform`]: database, idempotency, HTTP, trail, jobs.
//!
//! Below it are the crates `methods`, the arithmetic of ratings, `tables`, files of rows, and `kernel`: money, figures, ids, time, texts, who acts.
#![forbid(unsafe_code)]

pub mod commands;
pub mod connect;
pub mod drill;
pub mod prove;
pub mod server;

pub use {book, collect, decide, platform, rating};
