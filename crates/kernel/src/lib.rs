//! The kernel: money, currencies, rates, figures, ids, time, texts, who acts and who drafted. Values only, no I/O.
#![forbid(unsafe_code)]

pub mod caller;
pub mod clock;
pub mod columns;
pub mod drafters;
pub mod figures;
pub mod form;
pub mod ids;
pub mod money;
pub mod places;
pub mod progress;
pub mod rates;
pub mod text;
