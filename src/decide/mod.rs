//! Deciding: who gets credit, how much, and on what terms.

pub mod applications;
