//! The proof: figures over the whole book, as of any date, and that the book says what its rows say.

pub mod audit;
pub mod controls;
pub mod exports;
pub mod machines;
pub mod processes;
pub mod reports;
pub mod sealing;
pub mod timeline;
pub mod trail;
