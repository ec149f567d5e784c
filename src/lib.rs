//! netterms: trade-credit management. Who may buy on account, up to what limit and on what terms, and the money
//! coming in.
//!
//! The house, from the top floor down; a room uses only floors below its own and rooms named before it:
//!
//! - [`commands`]: the command line, one function for each command.
//! - [`server`]: the actix application: assembly, middleware, the contract, docs, health, metrics, the worker.
//! - [`drill`]: a sandbox book, lived through on a clock that can be turned.
//! - [`prove`]: reports over the whole book, as of any date.
//! - [`decide`]: what is known of customers and what it says, limit checks, reservations, credit blocks, credit
//!   applications.
//! - [`collect`]: seeing to it that the money comes in: dunning.
//! - [`book`]: customers, credit policy, exchange rates, credit accounts and exposure, the receivables ledger, imports.
//! - [`platform`]: database, idempotency, HTTP, trail, jobs.
//! - [`kernel`]: money, figures, ids, time, texts, who acts and who drafted. No I/O.
#![forbid(unsafe_code)]

pub mod book;
pub mod collect;
pub mod commands;
pub mod decide;
pub mod drill;
pub mod kernel;
pub mod platform;
pub mod prove;
pub mod server;
