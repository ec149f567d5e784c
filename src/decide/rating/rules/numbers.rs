//! The few conversions that the methods share.

#![expect(
    clippy::float_arithmetic,
    reason = "scores, weights and shares are f64; money is not handled here"
)]

/// A count as a number to calculate with. Exact up to four thousand million, which no book of customers reaches.
pub fn of_count(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

/// A part of a whole; 0 of nothing.
pub fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// The largest number that values and scores may have, either side of 0: more than any amount, and small enough that
/// no square or sum of them runs over.
pub const NUMBER_MAX: f64 = 1e15;

/// Whether a number is one to calculate with: finite, and not beyond [`NUMBER_MAX`].
pub fn is_usable(number: f64) -> bool {
    number.abs() <= NUMBER_MAX
}
