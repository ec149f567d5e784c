//! What we decide: who gets credit, up to what limit and on what terms, and whether this order may go.

// A path tells its floor in every crate: `crate::book::customers`, `crate::platform::db`.
use {crate as decide, ::book, ::collect, ::platform, ::rating};

pub mod applications;
pub mod limits;
pub mod terms;
