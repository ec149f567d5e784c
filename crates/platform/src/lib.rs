//! The platform: what every room stands on, and nothing of the trade.

// A path tells its floor in every crate: `crate::platform::db`.
use crate as platform;

pub mod db;
pub mod events;
pub mod exports;
pub mod http;
pub mod idempotency;
pub mod jobs;
pub mod rooms;
pub mod trail;
pub mod versions;
