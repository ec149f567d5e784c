//! The collect floor: seeing to it that the money comes in.

// A path tells its floor in every crate: `crate::book::customers`, `crate::platform::db`.
use {crate as collect, ::book, ::platform, ::rating};

pub mod charges;
pub mod correspondence;
pub mod dunning;
