//! What goes in and out of the credit desk.

mod blocks;
mod checks;
mod replays;
mod reservations;

pub use blocks::*;
pub use checks::*;
pub use replays::*;
pub use reservations::*;
