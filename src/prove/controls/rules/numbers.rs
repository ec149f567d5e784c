//! Numbers of documents as series, and where one has gaps.

use std::collections::BTreeMap;

use crate::prove::controls::model::NumberRange;

/// A series of numbers: what they begin with, and the numbers behind it, each with how it is written.
#[derive(Debug, Default)]
pub struct Series(BTreeMap<String, BTreeMap<u64, String>>);

/// Numbers of so many digits at most are counted; longer ones are no series of ours.
const DIGITS_MAX: usize = 15;

/// Of a gap of more numbers it is counted how many documents have, and no number is told.
pub const GAP_MAX: u64 = 200;

/// A gap in a series: between which two numbers, and how many lie there. `missing` are these numbers where they are few.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    pub after: String,
    pub before: String,
    pub between: u64,
    pub missing: Vec<String>,
    /// The same numbers, as ranges to be looked up.
    pub ranges: Vec<NumberRange>,
}

/// The numbers from one value to another, written with so many digits; none where there are none.
fn range(prefix: &str, digits: usize, first: u64, last: u64) -> Option<NumberRange> {
    (first <= last).then(|| NumberRange {
        prefix: prefix.to_owned(),
        first: format!("{prefix}{first:0digits$}"),
        last: format!("{prefix}{last:0digits$}"),
    })
}

/// The smallest number that takes so many digits, but for 1: `0` is a number as well.
fn least_of(digits: usize) -> u64 {
    match u32::try_from(digits.saturating_sub(1)) {
        Ok(0) => 0,
        Ok(zeros) => 10_u64.saturating_pow(zeros),
        Err(_) => u64::MAX,
    }
}

/// What a number begins with, and its digits at the end. One that does not end in a digit is of no series.
fn parts(number: &str) -> Option<(&str, &str)> {
    let digits = number
        .chars()
        .rev()
        .take_while(char::is_ascii_digit)
        .count();
    let digits = digits.min(DIGITS_MAX);
    number.split_at_checked(number.len().saturating_sub(digits))
}

impl Series {
    /// Adds a number: `INV-0042` is the 42nd of the series `INV-`. One that does not end in a digit is of no series.
    pub fn add(&mut self, number: &str) {
        let Some((prefix, tail)) = parts(number) else {
            return;
        };
        if let Ok(value) = tail.parse() {
            let series = self.0.entry(prefix.to_owned()).or_default();
            series.insert(value, number.to_owned());
        }
    }

    pub fn len(&self) -> usize {
        self.0.values().map(BTreeMap::len).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where the number before the first one of each series may be: in the first of some ranges that has any, as its last.
    ///
    /// Before `R-12` stand `R-00` to `R-11`, and before them `R-0` to `R-9`; before `R-0012` no shorter number stands.
    pub fn before_first(&self) -> Vec<Vec<NumberRange>> {
        let firsts = self.0.iter().filter_map(|(prefix, numbers)| {
            let (value, text) = numbers.first_key_value()?;
            let width = text.len().saturating_sub(prefix.len());
            let shortest = if *value < least_of(width) { width } else { 1 };
            let ranges = (shortest..=width).rev().filter_map(|digits| {
                let last = least_of(digits.saturating_add(1))
                    .min(*value)
                    .checked_sub(1)?;
                let first = if digits == width { 0 } else { least_of(digits) };
                range(prefix, digits, first, last)
            });
            Some(ranges.collect())
        });
        firsts.collect()
    }

    /// Where numbers are missing between the first and the last of a series.
    pub fn gaps(&self) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for (prefix, numbers) in &self.0 {
            for ((low, after), (high, before)) in numbers.iter().zip(numbers.iter().skip(1)) {
                let between = high.saturating_sub(*low).saturating_sub(1);
                if between == 0 {
                    continue;
                }
                let width = after.len().saturating_sub(prefix.len());
                let told = if between > GAP_MAX { 0 } else { between };
                let missing = (1..=told)
                    .map(|step| format!("{prefix}{:0width$}", low.saturating_add(step)))
                    .collect();
                let longest = before.len().saturating_sub(prefix.len()).max(width);
                let ranges = (width..=longest).filter_map(|digits| {
                    let least = if digits == width { 0 } else { least_of(digits) };
                    let first = least.max(low.saturating_add(1));
                    let bound = least_of(digits.saturating_add(1)).min(*high);
                    range(prefix, digits, first, bound.checked_sub(1)?)
                });
                gaps.push(Gap {
                    after: after.clone(),
                    before: before.clone(),
                    between,
                    missing,
                    ranges: ranges.collect(),
                });
            }
        }
        gaps
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn series(numbers: &[&str]) -> Series {
        let mut series = Series::default();
        for number in numbers {
            series.add(number);
        }
        series
    }

    fn from_to(prefix: &str, first: &str, last: &str) -> NumberRange {
        NumberRange {
            prefix: prefix.to_owned(),
            first: first.to_owned(),
            last: last.to_owned(),
        }
    }

    #[test]
    fn a_gap_lies_between_two_numbers_of_a_series() {
        let series = series(&[
            "INV-0007", "INV-0009", "R-1", "R-2", "none", "X-1", "X-9000",
        ]);
        let gaps = series.gaps();
        assert_eq!(series.len(), 6);
        assert_eq!(gaps.len(), 2);
        assert_eq!(gaps[0].missing, ["INV-0008"]);
        assert_eq!(gaps[0].ranges, [from_to("INV-", "INV-0008", "INV-0008")]);
        assert_eq!(
            (gaps[1].after.as_str(), gaps[1].before.as_str()),
            ("X-1", "X-9000")
        );
        assert!(gaps[1].missing.is_empty());
        assert_eq!(gaps[1].between, 8_998);
        assert_eq!(
            gaps[1].ranges,
            [
                from_to("X-", "X-2", "X-9"),
                from_to("X-", "X-10", "X-99"),
                from_to("X-", "X-100", "X-999"),
                from_to("X-", "X-1000", "X-8999")
            ]
        );
    }

    #[test]
    fn a_series_begins_after_the_number_before_its_first() {
        let before = |number: &str| series(&[number]).before_first().concat();
        assert_eq!(before("R-0012"), [from_to("R-", "R-0000", "R-0011")]);
        assert_eq!(
            before("R-12"),
            [from_to("R-", "R-00", "R-11"), from_to("R-", "R-0", "R-9")]
        );
        assert_eq!(before("R-0"), []);
        assert_eq!(before("none"), []);
    }

    proptest! {
        #[test]
        fn a_series_without_gaps_has_none(first in 0..1_000_000_u64, length in 1..300_u64) {
            let mut series = Series::default();
            for number in first..first + length {
                series.add(&format!("S{number:08}"));
            }
            prop_assert!(series.gaps().is_empty());
        }

        #[test]
        fn any_text_may_be_a_number(text in "\\PC{0,40}") {
            let mut series = Series::default();
            series.add(&text);
            prop_assert!(series.gaps().is_empty());
            series.before_first();
        }

        /// However long numbers are, the ranges of a gap have each number of it once.
        #[test]
        fn the_ranges_of_a_gap_are_its_numbers(low in 0..3_000_u64, step in 2..3_000_u64, width in 1..6_usize) {
            let mut series = Series::default();
            for number in [low, low + step] {
                series.add(&format!("S-{number:0width$}"));
            }
            let gaps = series.gaps();
            let mut within: Vec<String> = Vec::new();
            for range in &gaps[0].ranges {
                let value = |text: &str| text[2..].parse::<u64>().unwrap();
                for number in value(&range.first)..=value(&range.last) {
                    let digits = range.first.len() - 2;
                    within.push(format!("S-{number:0digits$}"));
                }
                prop_assert_eq!(range.first.len(), range.last.len());
            }
            let wanted: Vec<String> = (low + 1..low + step).map(|number| format!("S-{number:0width$}")).collect();
            prop_assert_eq!(within, wanted);
        }
    }
}
