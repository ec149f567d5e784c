//! The proof: figures over the whole book, as of any date.

pub mod reports;
