//! What we decide: who gets credit, how much and on what terms, and whether this order may go.

pub mod applications;
pub mod limits;
