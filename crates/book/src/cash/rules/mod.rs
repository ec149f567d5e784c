//! The decisions of cash application: pure.

pub mod known;
pub mod matching;
pub mod names;
pub mod references;
