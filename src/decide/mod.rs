//! What we decide: who gets credit, up to what limit and on what terms, and whether this order may go.

pub mod applications;
pub mod limits;
pub mod terms;
