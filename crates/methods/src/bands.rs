//! Bands: which values of a characteristic are taken together.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::training::Answer;

/// Values that are taken together. In JSON `{"range": {"from": 6, "below": 31}}`, `{"values": ["rent", "own"]}` or
/// `"missing"`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Band {
    /// Numbers from the first limit to below the second; open where no limit is given.
    Range {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<f64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        below: Option<f64>,
    },
    /// These words.
    Values(Vec<String>),
    /// No value.
    Missing,
}

impl Band {
    /// Whether a value, or its absence, falls into the band.
    pub fn holds(&self, answer: Option<&Answer>) -> bool {
        match (self, answer) {
            (Band::Missing, None) => true,
            (Band::Range { from, below }, Some(Answer::Number(value))) => {
                from.is_none_or(|from| *value >= from) && below.is_none_or(|below| *value < below)
            }
            (Band::Values(values), Some(Answer::Text(text))) => values.contains(text),
            _ => false,
        }
    }
}

/// What is wrong with the bands of a characteristic.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum BandError {
    #[error("no band is given: give at least one beside the one for missing values")]
    None,
    #[error("ranges and words are mixed: a characteristic is either a number or a word")]
    Mixed,
    #[error("band {place} is no finite range that ascends: give `from` below `below`")]
    Empty { place: usize },
    #[error(
        "band {place} must begin where the band before it ends ({ends:?}): ranges leave no gap and do not overlap"
    )]
    Gap { place: usize, ends: Option<f64> },
    #[error(
        "the first range must have no `from` and the last no `below`: every number needs a band"
    )]
    Closed,
    #[error("`{value}` stands in two bands: name each word once")]
    Twice { value: String },
    #[error("there are two bands for missing values: give one")]
    TwoMissing,
}

/// Whether bands are all ranges that leave no gap, in ascending order, or all words; places count from 1.
pub fn check<'a>(bands: impl Iterator<Item = &'a Band>) -> Result<(), BandError> {
    let mut ranges = Vec::new();
    let mut words = std::collections::BTreeSet::new();
    let (mut lists, mut missing) = (0, 0);
    for (index, band) in bands.enumerate() {
        match band {
            Band::Missing => missing += 1,
            Band::Range { from, below } => ranges.push((index.saturating_add(1), *from, *below)),
            Band::Values(values) => {
                lists += 1;
                for value in values {
                    if !words.insert(value) {
                        let value = value.clone();
                        return Err(BandError::Twice { value });
                    }
                }
            }
        }
    }
    match (missing, lists, ranges.len()) {
        (2.., _, _) => Err(BandError::TwoMissing),
        (_, 0, 0) => Err(BandError::None),
        (_, 0, _) => check_ranges(&ranges),
        (_, _, 0) => Ok(()),
        _ => Err(BandError::Mixed),
    }
}

fn check_ranges(ranges: &[(usize, Option<f64>, Option<f64>)]) -> Result<(), BandError> {
    let mut ends: Option<f64> = None;
    for (number, (place, from, below)) in ranges.iter().enumerate() {
        let place = *place;
        let finite = |limit: &Option<f64>| limit.is_none_or(f64::is_finite);
        let ascends = from.zip(*below).is_none_or(|(from, below)| from < below);
        if !finite(from) || !finite(below) || !ascends {
            return Err(BandError::Empty { place });
        }
        if number > 0 && (ends.is_none() || *from != ends) {
            return Err(BandError::Gap { place, ends });
        }
        ends = *below;
    }
    let opens = ranges.first().is_some_and(|(_, from, _)| from.is_none());
    if opens && ends.is_none() {
        Ok(())
    } else {
        Err(BandError::Closed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: Option<f64>, below: Option<f64>) -> Band {
        Band::Range { from, below }
    }

    #[test]
    fn a_band_holds_its_lower_limit_and_not_its_upper() {
        let band = range(Some(6.0), Some(31.0));
        assert!(band.holds(Some(&Answer::Number(6.0))));
        assert!(!band.holds(Some(&Answer::Number(31.0))));
        assert!(!band.holds(None) && Band::Missing.holds(None));
        assert!(Band::Values(vec!["own".into()]).holds(Some(&Answer::Text("own".into()))));
    }

    #[test]
    fn bands_with_gaps_overlaps_or_mixtures_are_refused() {
        let ok = [
            range(None, Some(6.0)),
            range(Some(6.0), None),
            Band::Missing,
        ];
        assert_eq!(check(ok.iter()), Ok(()));
        let gap = [range(None, Some(6.0)), range(Some(7.0), None)];
        let error = check(gap.iter()).unwrap_err();
        assert_eq!(
            error,
            BandError::Gap {
                place: 2,
                ends: Some(6.0)
            }
        );
        let closed = [range(Some(0.0), Some(6.0)), range(Some(6.0), None)];
        assert_eq!(check(closed.iter()), Err(BandError::Closed));
        let backwards = [range(Some(6.0), Some(1.0))];
        assert_eq!(check(backwards.iter()), Err(BandError::Empty { place: 1 }));
        let mixed = [range(None, None), Band::Values(vec!["a".into()])];
        assert_eq!(check(mixed.iter()), Err(BandError::Mixed));
        let twice = [
            Band::Values(vec!["a".into()]),
            Band::Values(vec!["a".into()]),
        ];
        assert!(matches!(check(twice.iter()), Err(BandError::Twice { .. })));
        assert_eq!(check([Band::Missing].iter()), Err(BandError::None));
        assert_eq!(
            check([Band::Missing, Band::Missing].iter()),
            Err(BandError::TwoMissing)
        );
    }

    #[test]
    fn bands_are_written_by_hand_in_json() {
        let band: Band = serde_json::from_str(r#"{"range": {"from": 6, "below": 31}}"#).unwrap();
        assert_eq!(band, range(Some(6.0), Some(31.0)));
        let band: Band = serde_json::from_str(r#""missing""#).unwrap();
        assert_eq!(band, Band::Missing);
        assert!(serde_json::from_str::<Band>(r#"{"range": {"form": 6}}"#).is_err());
    }
}
