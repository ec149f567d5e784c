//! The book: who our customers are, what they owe and what they may come to owe.

// A path tells its floor in every crate: `crate::book::customers`, `crate::platform::db`.
use {crate as book, ::platform};

pub mod cash;
pub mod catalogues;
pub mod change_requests;
pub mod customers;
pub mod deadlines;
pub mod deposit_requests;
pub mod entities;
pub mod exchange_rates;
pub mod exposure;
pub mod factoring;
pub mod imports;
pub mod instruments;
pub mod payment_terms;
pub mod periods;
pub mod policy;
pub mod receivables;
pub mod refunds;
