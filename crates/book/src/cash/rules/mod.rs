//! The decisions of cash application: pure.

pub mod confidence;
pub mod known;
pub mod matching;
pub mod names;
pub mod references;
pub mod returns;
