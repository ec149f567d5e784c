//! Rank correlation: whether two orders agree.

#![expect(
    clippy::float_arithmetic,
    reason = "correlations are statistics, not money"
)]

use thiserror::Error;

use crate::training::real;

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CorrelationError {
    #[error("{one} and {other} values: each needs its partner, and at least two pairs are needed")]
    Pairs { one: usize, other: usize },
    #[error("a value is no finite number: leave its pair out")]
    NotFinite,
    #[error("all values of one side are equal: there is no order to compare")]
    Constant,
    #[error("at least two judges must each judge the same things, at least two of them")]
    Judges,
}

fn check(one: &[f64], other: &[f64]) -> Result<(), CorrelationError> {
    if one.len() != other.len() || one.len() < 2 {
        let (one, other) = (one.len(), other.len());
        return Err(CorrelationError::Pairs { one, other });
    }
    if !one.iter().chain(other).all(|value| value.is_finite()) {
        return Err(CorrelationError::NotFinite);
    }
    Ok(())
}

/// Spearman's ρ: Pearson's correlation of the ranks, equal values sharing their mean rank. −1 to 1.
pub fn spearman(one: &[f64], other: &[f64]) -> Result<f64, CorrelationError> {
    check(one, other)?;
    let (one, other) = (ranks(one), ranks(other));
    let middle = f64::midpoint(1.0, real(one.len()));
    let product = |a: &[f64], b: &[f64]| -> f64 {
        a.iter()
            .zip(b)
            .map(|(a, b)| (a - middle) * (b - middle))
            .sum()
    };
    let spread = (product(&one, &one) * product(&other, &other)).sqrt();
    if spread <= 0.0 {
        return Err(CorrelationError::Constant);
    }
    Ok((product(&one, &other) / spread).clamp(-1.0, 1.0))
}

/// Kendall's coefficient of concordance W, corrected for ties: whether judges put the same things in the same order, 0 to
/// 1. Each judge is a row with one value for each thing.
///
/// W = 12 S ÷ (m² (n³ − n) − m ΣT), S the squared distances of the rank sums from their mean, T = Σ (t³ − t) over the ties
/// of a judge (M. G. Kendall and B. Babington Smith, The problem of m rankings, 1939).
///
/// Example: three judges rank six applicants 1 6 3 2 5 4, 1 5 6 4 2 3 and 6 3 2 5 4 1: rank sums 8, 14, 11, 11, 11, 8,
/// S = 25.5, W = 0.1619.
pub fn concordance(judges: &[Vec<f64>]) -> Result<f64, CorrelationError> {
    let things = judges.first().map_or(0, Vec::len);
    if judges.len() < 2 || things < 2 || judges.iter().any(|judge| judge.len() != things) {
        return Err(CorrelationError::Judges);
    }
    if !judges.iter().flatten().all(|value| value.is_finite()) {
        return Err(CorrelationError::NotFinite);
    }
    let (m, n) = (real(judges.len()), real(things));
    let mut sums = vec![0.0; things];
    let mut ties = 0.0;
    for judge in judges {
        let mut ranks = ranks(judge);
        for (sum, rank) in sums.iter_mut().zip(&ranks) {
            *sum += rank;
        }
        ranks.sort_unstable_by(f64::total_cmp);
        ties += ranks
            .chunk_by(|a, b| a >= b)
            .map(|tie| real(tie.len()).powi(3) - real(tie.len()))
            .sum::<f64>();
    }
    let mean = m * f64::midpoint(1.0, n);
    let squares: f64 = sums.iter().map(|sum| (sum - mean).powi(2)).sum();
    let most = m * m * (n.powi(3) - n) - m * ties;
    if most <= 0.0 {
        return Err(CorrelationError::Constant);
    }
    Ok((12.0 * squares / most).clamp(0.0, 1.0))
}

/// Ranks from 1, equal values sharing the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<(f64, usize)> = values.iter().copied().zip(0..).collect();
    order.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let mut ranks = vec![0.0; values.len()];
    let mut passed = 0_usize;
    for equal in order.chunk_by(|(a, _), (b, _)| a >= b) {
        let mean = real(passed) + f64::midpoint(1.0, real(equal.len()));
        for (_, place) in equal {
            if let Some(rank) = ranks.get_mut(*place) {
                *rank = mean;
            }
        }
        passed = passed.saturating_add(equal.len());
    }
    ranks
}

/// Kendall's τ-b: (pairs in order − pairs out of order) ÷ √(pairs not tied in one · pairs not tied in the other), by
/// counting the swaps of a merge sort (Knight 1966), in n log n. −1 to 1.
pub fn kendall(one: &[f64], other: &[f64]) -> Result<f64, CorrelationError> {
    check(one, other)?;
    // Ranks compare by `total_cmp` and know that −0 is 0.
    let mut pairs: Vec<(f64, f64)> = ranks(one).into_iter().zip(ranks(other)).collect();
    pairs.sort_unstable_by(|(a, x), (b, y)| a.total_cmp(b).then(x.total_cmp(y)));
    let all = pairs_of(pairs.len());
    let tied_one: f64 = pairs
        .chunk_by(|(a, _), (b, _)| a >= b)
        .map(|tie| pairs_of(tie.len()))
        .sum();
    let tied_both: f64 = pairs
        .chunk_by(|(a, x), (b, y)| a >= b && x >= y)
        .map(|tie| pairs_of(tie.len()))
        .sum();
    let mut others: Vec<f64> = pairs.iter().map(|(_, other)| *other).collect();
    let out_of_order = sort_counting(&mut others);
    let tied_other: f64 = others
        .chunk_by(|a, b| a >= b)
        .map(|tie| pairs_of(tie.len()))
        .sum();
    let in_order = all - tied_one - tied_other + tied_both - out_of_order;
    let spread = (all - tied_one).sqrt() * (all - tied_other).sqrt();
    if spread <= 0.0 {
        return Err(CorrelationError::Constant);
    }
    Ok(((in_order - out_of_order) / spread).clamp(-1.0, 1.0))
}

/// How many pairs so many can form.
fn pairs_of(count: usize) -> f64 {
    real(count) * (real(count) - 1.0) / 2.0
}

/// Sorts, and counts the pairs that stood in the wrong order.
fn sort_counting(values: &mut Vec<f64>) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let mut right = values.split_off(values.len() / 2);
    let mut swaps = sort_counting(values) + sort_counting(&mut right);
    let mut merged = Vec::with_capacity(values.len().saturating_add(right.len()));
    let mut waiting = real(values.len());
    let mut lefts = values.iter().copied().peekable();
    for value in right {
        while let Some(left) = lefts.next_if(|left| *left <= value) {
            merged.push(left);
            waiting -= 1.0;
        }
        swaps += waiting;
        merged.push(value);
    }
    merged.extend(lefts);
    *values = merged;
    swaps
}
