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

/// Whether two numbers are the same but for their last digits, which differ after a way through JSON.
pub fn is_same(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-9 * one.abs().max(1.0)
}

/// The largest number that values and scores may have, either side of 0: more than any amount, and small enough that
/// no square or sum of them runs over.
pub const NUMBER_MAX: f64 = 1e15;

/// Whether a number is one to calculate with: finite, and not beyond [`NUMBER_MAX`].
pub fn is_usable(number: f64) -> bool {
    number.abs() <= NUMBER_MAX
}

/// Scores and shares are kept in columns as whole parts per million.
pub const MILLION: f64 = 1e6;

/// A number as it is shown: with six decimals at most, which is more than any figure here is known to.
pub fn shown(number: f64) -> f64 {
    let rounded = (number * MILLION).round() / MILLION;
    if rounded.is_finite() {
        rounded + 0.0 // no negative zero
    } else {
        number
    }
}

/// A document with every number as it is shown.
pub fn shown_in(document: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match document {
        Value::Number(number) if number.is_f64() => Value::from(number.as_f64().map_or(0.0, shown)),
        Value::Array(items) => items.into_iter().map(shown_in).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, member)| (name, shown_in(member)))
            .collect(),
        other => other,
    }
}

/// A score from 0 to 1 in parts per million.
pub fn ppm_of(score: f64) -> i64 {
    let scaled = (score.clamp(0.0, 1.0) * MILLION).round();
    // A whole number up to a million has an exact text.
    format!("{scaled:.0}").parse().unwrap_or(0)
}

/// Parts per million as a score from 0 to 1.
pub fn of_ppm(ppm: i64) -> f64 {
    i32::try_from(ppm).map_or(0.0, f64::from) / MILLION
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_kept_in_parts_per_million_and_shown_with_six_decimals() {
        assert_eq!(
            [0.0, 0.840_312_4, 1.0, 2.0].map(ppm_of),
            [0, 840_312, 1_000_000, 1_000_000]
        );
        assert!((of_ppm(840_312) - 0.840_312).abs() < 1e-12);
        let document = serde_json::json!({"a": [1.0 / 3.0, 2], "b": -1e-9});
        let expected = serde_json::json!({"a": [0.333_333, 2], "b": 0.0});
        assert_eq!(shown_in(document), expected);
    }
}
