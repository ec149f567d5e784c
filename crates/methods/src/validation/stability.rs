//! Population stability: whether the customers of today are those the model was made for.
//!
//! PSI = Σ (actual share − expected share) · ln(actual share ÷ expected share) over bins of the score. Below 0.10 is
//! called stable, to 0.25 worth watching, above reason to act: conventions that depend on the bins and on how many were
//! counted, so both are shown.

#![expect(clippy::float_arithmetic, reason = "shares are statistics, not money")]

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Estimate, ValidationSettings, interval};
use crate::bands::Band;
use crate::training::{real, roundest_between};

/// How many were expected in a bin, and how many came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StabilityCount {
    pub band: Band,
    pub expected: usize,
    pub actual: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StabilityBin {
    pub count: StabilityCount,
    /// 0 to 1.
    pub expected_share: f64,
    pub actual_share: f64,
    /// This bin's part of the index.
    pub index: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StabilityVerdict {
    /// Below 0.10.
    Stable,
    /// To 0.25.
    Watch,
    /// Above 0.25.
    Act,
}

impl StabilityVerdict {
    pub fn of(index: f64) -> StabilityVerdict {
        match index {
            index if index < 0.10 => StabilityVerdict::Stable,
            index if index <= 0.25 => StabilityVerdict::Watch,
            _ => StabilityVerdict::Act,
        }
    }
}

/// The index with all it rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stability {
    pub index: Estimate,
    pub verdict: StabilityVerdict,
    /// How many customers were expected from.
    pub expected: usize,
    pub actual: usize,
    pub bins: Vec<StabilityBin>,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StabilityError {
    #[error("scores are needed of both populations, the expected and the actual")]
    Empty,
    #[error("a score is no finite number: leave those out that have none")]
    NotFinite,
    #[error("between 2 and 100 bins are needed")]
    Bins,
}

/// Compares scores, in bins of equal size by the expected ones; equal scores stay together.
///
/// # Errors
/// No scores, scores that are not finite, or a number of bins out of its range.
pub fn stability(
    expected: &[f64],
    actual: &[f64],
    bins: usize,
    settings: &ValidationSettings,
) -> Result<Stability, StabilityError> {
    if !(2..=100).contains(&bins) {
        return Err(StabilityError::Bins);
    }
    if expected.is_empty() || actual.is_empty() {
        return Err(StabilityError::Empty);
    }
    if !expected.iter().chain(actual).all(|score| score.is_finite()) {
        return Err(StabilityError::NotFinite);
    }
    let sorted = |scores: &[f64]| {
        let mut scores = scores.to_vec();
        scores.sort_unstable_by(f64::total_cmp);
        scores
    };
    let (expected, actual) = (sorted(expected), sorted(actual));
    let mut limits: Vec<f64> = Vec::new();
    for bin in 1..bins {
        let place = expected.len().saturating_mul(bin).div_euclid(bins);
        let neighbours = place
            .checked_sub(1)
            .and_then(|before| expected.get(before).zip(expected.get(place)));
        // A cut within equal scores moves to the next higher score.
        let limit = neighbours.and_then(|(lower, upper)| {
            let next = expected.get(expected.partition_point(|score| score <= lower));
            if lower < upper {
                Some(roundest_between(*lower, *upper))
            } else {
                next.copied()
            }
        });
        if let Some(limit) = limit.filter(|limit| limits.last().is_none_or(|last| limit > last)) {
            limits.push(limit);
        }
    }
    let froms = std::iter::once(None).chain(limits.iter().copied().map(Some));
    let belows = limits
        .iter()
        .copied()
        .map(Some)
        .chain(std::iter::once(None));
    let within = |scores: &[f64], from: Option<f64>, below: Option<f64>| {
        let before = |limit: f64| scores.partition_point(|score| *score < limit);
        below
            .map_or(scores.len(), before)
            .saturating_sub(from.map_or(0, before))
    };
    let counts = froms.zip(belows).map(|(from, below)| StabilityCount {
        band: Band::Range { from, below },
        expected: within(&expected, from, below),
        actual: within(&actual, from, below),
    });
    of_counts(counts.collect(), settings)
}

/// Compares counts of bins that are given. A bin empty on one side counts half a customer on both.
///
/// # Errors
/// When one population is empty.
pub fn of_counts(
    counts: Vec<StabilityCount>,
    settings: &ValidationSettings,
) -> Result<Stability, StabilityError> {
    let expected: Vec<usize> = counts.iter().map(|count| count.expected).collect();
    let actual: Vec<usize> = counts.iter().map(|count| count.actual).collect();
    let (all_expected, all_actual): (usize, usize) = (expected.iter().sum(), actual.iter().sum());
    if all_expected == 0 || all_actual == 0 {
        return Err(StabilityError::Empty);
    }
    let value = parts(&expected, &actual).iter().sum();
    let mut random = fastrand::Rng::with_seed(settings.seed);
    let drawn = (0..settings.replicates).map(|_| {
        parts(
            &redraw(&expected, &mut random),
            &redraw(&actual, &mut random),
        )
        .iter()
        .sum()
    });
    let index = interval(value, drawn.collect(), settings.confidence);
    let parts = parts(&expected, &actual);
    let bins = counts
        .into_iter()
        .zip(parts)
        .map(|(count, index)| StabilityBin {
            expected_share: real(count.expected) / real(all_expected),
            actual_share: real(count.actual) / real(all_actual),
            index,
            count,
        });
    Ok(Stability {
        index,
        verdict: StabilityVerdict::of(value),
        expected: all_expected,
        actual: all_actual,
        bins: bins.collect(),
    })
}

/// Each bin's part of the index.
fn parts(expected: &[usize], actual: &[usize]) -> Vec<f64> {
    let all = |counts: &[usize]| real(counts.iter().sum::<usize>().max(1));
    let (all_expected, all_actual) = (all(expected), all(actual));
    let part = |(expected, actual): (&usize, &usize)| {
        let substitute = match (expected, actual) {
            (0, 0) => return 0.0,
            (0, _) | (_, 0) => 0.5,
            _ => 0.0,
        };
        let expected = (real(*expected) + substitute) / all_expected;
        let actual = (real(*actual) + substitute) / all_actual;
        (actual - expected) * (actual / expected).ln()
    };
    expected.iter().zip(actual).map(part).collect()
}

/// As many customers drawn again from the bins.
fn redraw(counts: &[usize], random: &mut fastrand::Rng) -> Vec<usize> {
    let ends: Vec<usize> = counts
        .iter()
        .scan(0_usize, |sum, count| {
            *sum = sum.saturating_add(*count);
            Some(*sum)
        })
        .collect();
    let all = ends.last().copied().unwrap_or_default();
    let mut drawn = vec![0_usize; counts.len()];
    for _ in 0..all {
        let customer = random.usize(..all);
        let bin = ends.partition_point(|end| *end <= customer);
        if let Some(count) = drawn.get_mut(bin) {
            *count = count.saturating_add(1);
        }
    }
    drawn
}
