//! The kernel: money, currencies, ids, time, texts and who acts. Values only, no I/O.

pub mod caller;
pub mod clock;
pub mod ids;
pub mod money;
pub mod places;
pub mod text;
