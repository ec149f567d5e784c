//! The actix application: assembly, middleware, the contract, docs page, health, metrics, subscriptions, housekeeping.

pub mod app;
pub mod config;
mod connection;
mod docs;
mod health;
pub mod housekeeping;
mod metrics;
mod middleware;
pub mod openapi;
mod peers;
mod rate_limits;
pub mod rooms;
mod routing;
pub mod sign_in;
mod subscriptions;

pub use app::{Server, Services, start};
pub use config::Config;
pub use rooms::{declared_actions, event_types};
pub use subscriptions::react;
