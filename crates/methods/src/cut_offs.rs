//! Where to cut scores into grades: the exact best grouping on a line (one-dimensional k-means, Jenks natural breaks).
//!
//! Scores are sorted and cut into classes so that the squared deviations from the class means are as small as they can
//! be. On a line dynamic programming finds the true optimum, so the proposal is always the same for the same scores. A
//! person accepts it; grading never clusters again by itself.

#![expect(
    clippy::float_arithmetic,
    reason = "scores are f64; money is not handled here"
)]

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::numbers::{is_usable, of_count, share};

/// The most classes that are proposed.
pub const CLASSES_MAX: usize = 50;

/// The goodness of variance fit from which a grouping is taken for a good one: a rule of netterms.
pub const GOOD_FIT: f64 = 0.8;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CutOffError {
    #[error("ask for 1 to 50 classes")]
    Classes,
    #[error("score {place} must be a number between -10^15 and 10^15")]
    Score { place: usize },
    #[error(
        "{classes} classes need as many different scores, there are {distinct}: ask for fewer, or take more customers"
    )]
    TooFewScores { classes: usize, distinct: usize },
}

/// A proposal for cut-offs, with what speaks for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// From the lowest scores to the highest.
    pub classes: Vec<Class>,
    /// One fewer than classes, rising. A score at a cut-off belongs to the class above it.
    pub cut_offs: Vec<f64>,
    /// SDCM, the sum of squared deviations from the class means: what was made as small as can be.
    pub within_classes: f64,
    /// SDAM, the sum of squared deviations from the mean of all.
    pub in_all: f64,
    /// GVF = 1 − SDCM / SDAM: 1 is perfect.
    pub goodness_of_fit: f64,
    pub fit: Fit,
    /// The mean over all scores of (b − a) / max(a, b), where a is the mean distance to the others of the class and b
    /// that to the nearest other class (Rousseeuw 1987); a score alone in its class counts 0. None for one class.
    pub silhouette: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// At least [`GOOD_FIT`].
    Good,
    Poor,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Class {
    pub lowest: f64,
    pub highest: f64,
    pub mean: f64,
    /// How many scores, equal ones counted each.
    pub count: usize,
    /// The sum of squared deviations from the mean.
    pub squared_deviation: f64,
    /// The mean silhouette of the class's scores. None for one class.
    pub silhouette: Option<f64>,
}

/// The best cut of scores into so many classes.
///
/// Example: 0.12 0.18 0.22 | 0.41 0.44 0.47 0.52 | 0.78 0.83 0.90 into 3: means 0.1733, 0.4600, 0.8367; SDCM 0.018933,
/// SDAM 0.683810, GVF 0.9723; cut-offs at the middle of the gaps, 0.315 and 0.650.
///
/// # Errors
/// When a score is no number, or there are fewer different scores than classes.
pub fn propose(scores: &[f64], classes: usize) -> Result<Proposal, CutOffError> {
    if !(1..=CLASSES_MAX).contains(&classes) {
        return Err(CutOffError::Classes);
    }
    if let Some(place) = scores.iter().position(|score| !is_usable(*score)) {
        return Err(CutOffError::Score { place });
    }
    let line = line(scores);
    let distinct = line.len();
    if distinct < classes {
        return Err(CutOffError::TooFewScores { classes, distinct });
    }
    Ok(describe(&line, &best_starts(&line, classes)))
}

/// A score and how many customers have it.
#[derive(Debug, Clone, Copy)]
struct Mark {
    score: f64,
    count: usize,
    /// The count, to calculate with.
    weight: f64,
}

/// The different scores in rising order.
fn line(scores: &[f64]) -> Vec<Mark> {
    // Adding 0 makes the two zeros one.
    let mut sorted: Vec<f64> = scores.iter().map(|score| score + 0.0).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
        .chunk_by(|a, b| a.total_cmp(b).is_eq())
        .filter_map(|equal| {
            Some(Mark {
                score: *equal.first()?,
                count: equal.len(),
                weight: of_count(equal.len()),
            })
        })
        .collect()
}

/// The sums over all marks before a place.
#[derive(Debug, Clone, Copy, Default)]
struct Before {
    count: f64,
    /// Of scores less the mean of all, so that nothing is lost in squares of large scores.
    sum: f64,
}

/// Where the classes begin, the first at 0.
///
/// The squared deviations within classes are least where Σ sum² / count over the classes is greatest. `best[j]` is the
/// most that the marks before j can reach in so many classes, and the last class of j begins the farther to the right
/// the larger j is, so that each row is found by dividing and conquering: O(k n log n).
fn best_starts(line: &[Mark], classes: usize) -> Vec<usize> {
    let before = sums(line);
    let mut best: Vec<f64> = before
        .iter()
        .map(|before| share(before.sum * before.sum, before.count))
        .collect();
    let mut chosen: Vec<Vec<usize>> = Vec::new();
    for class in 2..=classes {
        // Each class takes at least one mark: those before it, and those after.
        let last = line.len() - (classes - class);
        let first = if class == classes { last } else { class };
        let mut row = Row {
            before: &before,
            best: &best,
            reached: vec![0.0; before.len()],
            start: vec![0; before.len()],
        };
        row.fill((first, last), (class - 1, last));
        chosen.push(row.start);
        best = row.reached;
    }
    let mut starts = vec![0; classes];
    let mut end = line.len();
    for (start, chosen) in starts.iter_mut().skip(1).rev().zip(chosen.iter().rev()) {
        *start = chosen.get(end).copied().unwrap_or(0);
        end = *start;
    }
    starts
}

fn sums(line: &[Mark]) -> Vec<Before> {
    let count: f64 = line.iter().map(|mark| mark.weight).sum();
    let sum: f64 = line.iter().map(|mark| mark.score * mark.weight).sum();
    let mean = share(sum, count);
    let mut total = Before::default();
    let mut sums = vec![total];
    for mark in line {
        total.count += mark.weight;
        total.sum += (mark.score - mean) * mark.weight;
        sums.push(total);
    }
    sums
}

/// One row of the dynamic programme: one class more than `best`.
struct Row<'a> {
    before: &'a [Before],
    best: &'a [f64],
    reached: Vec<f64>,
    start: Vec<usize>,
}

impl Row<'_> {
    /// Fills the ends from the first to the last, whose last class begins somewhere from the first start to the last.
    fn fill(&mut self, (first, last): (usize, usize), (low, high): (usize, usize)) {
        if first > last {
            return;
        }
        let end = first.midpoint(last);
        let (start, reached) = self.best_start(end, low, high.min(end - 1));
        for (cell, value) in self.start.get_mut(end).into_iter().zip([start]) {
            *cell = value;
        }
        for (cell, value) in self.reached.get_mut(end).into_iter().zip([reached]) {
            *cell = value;
        }
        self.fill((first, end - 1), (low, start));
        self.fill((end + 1, last), (start, high));
    }

    /// The first of the best starts for a class that ends before `end`.
    fn best_start(&self, end: usize, low: usize, high: usize) -> (usize, f64) {
        let to = self.before.get(end).copied().unwrap_or_default();
        let candidates = self.best.get(low..=high).unwrap_or_default();
        let froms = self.before.get(low..=high).unwrap_or_default();
        let mut winner = (low, f64::NEG_INFINITY);
        for (start, (best, from)) in (low..).zip(candidates.iter().zip(froms)) {
            let sum = to.sum - from.sum;
            let reached = best + sum * sum / (to.count - from.count);
            if reached > winner.1 {
                winner = (start, reached);
            }
        }
        winner
    }
}

fn describe(line: &[Mark], starts: &[usize]) -> Proposal {
    let ends = starts.iter().skip(1).copied().chain([line.len()]);
    let groups: Vec<&[Mark]> = starts
        .iter()
        .zip(ends)
        .map(|(start, end)| line.get(*start..end).unwrap_or_default())
        .collect();
    let means: Vec<f64> = groups.iter().map(|group| mean(group)).collect();
    let mean_at = |place: Option<usize>| means.get(place?).copied();
    let described = groups.iter().enumerate().map(|(place, group)| {
        let neighbours = [place.checked_sub(1), place.checked_add(1)].map(mean_at);
        class(group, neighbours)
    });
    let (classes, silhouettes): (Vec<Class>, Vec<f64>) = described.unzip();
    let within_classes = classes.iter().map(|class| class.squared_deviation).sum();
    let in_all = squared_deviation(line);
    let goodness_of_fit = if in_all > 0.0 {
        1.0 - within_classes / in_all
    } else {
        1.0
    };
    let total: f64 = line.iter().map(|mark| mark.weight).sum();
    Proposal {
        cut_offs: classes
            .iter()
            .zip(classes.iter().skip(1))
            .map(|(below, above)| middle(below.highest, above.lowest))
            .collect(),
        silhouette: (groups.len() > 1).then(|| share(silhouettes.iter().sum(), total)),
        classes,
        within_classes,
        in_all,
        goodness_of_fit,
        fit: if goodness_of_fit >= GOOD_FIT {
            Fit::Good
        } else {
            Fit::Poor
        },
    }
}

/// A class, with the means of the classes next to it, and the sum of its silhouettes.
fn class(group: &[Mark], neighbours: [Option<f64>; 2]) -> (Class, f64) {
    let own = mean(group);
    let count: f64 = group.iter().map(|mark| mark.weight).sum();
    let silhouettes = silhouettes(group, neighbours);
    let is_alone = neighbours.iter().all(Option::is_none);
    let class = Class {
        lowest: group.first().map_or(own, |mark| mark.score),
        highest: group.last().map_or(own, |mark| mark.score),
        mean: own,
        count: group.iter().map(|mark| mark.count).sum(),
        squared_deviation: squared_deviation(group),
        silhouette: (!is_alone).then(|| share(silhouettes, count)),
    };
    (class, silhouettes)
}

/// The middle of a gap, above its lower end even when nothing lies between the ends.
fn middle(low: f64, high: f64) -> f64 {
    let middle = low.midpoint(high);
    if middle > low { middle } else { high }
}

fn mean(group: &[Mark]) -> f64 {
    let count: f64 = group.iter().map(|mark| mark.weight).sum();
    // Measured from the first score, which keeps the digits of scores that lie close together far from 0.
    let first = group.first().map_or(0.0, |mark| mark.score);
    let sum: f64 = group
        .iter()
        .map(|mark| (mark.score - first) * mark.weight)
        .sum();
    first + share(sum, count)
}

fn squared_deviation(group: &[Mark]) -> f64 {
    let mean = mean(group);
    group
        .iter()
        .map(|mark| (mark.score - mean).powi(2) * mark.weight)
        .sum()
}

/// The sum of the silhouettes of a class's scores, exactly.
///
/// On a line the nearest other class is the one next to it, below or above, and its mean distance is the distance to
/// its mean; the distances within the class come from running sums.
fn silhouettes(group: &[Mark], neighbours: [Option<f64>; 2]) -> f64 {
    let first = group.first().map_or(0.0, |mark| mark.score);
    let count: f64 = group.iter().map(|mark| mark.weight).sum();
    if count <= 1.0 {
        return 0.0;
    }
    let from_first = |mark: &Mark| (mark.score - first) * mark.weight;
    let sum: f64 = group.iter().map(from_first).sum();
    let (mut count_below, mut sum_below) = (0.0, 0.0);
    let mut silhouettes = 0.0;
    for mark in group {
        let here = mark.score - first;
        // Those below lie `here` less their sum away, those above their sum less `here`.
        let below = here * count_below - sum_below;
        let above = (sum - sum_below) - here * (count - count_below);
        let own = (below + above).max(0.0) / (count - 1.0);
        let other = neighbours
            .iter()
            .flatten()
            .map(|mean| (mark.score - mean).abs())
            .fold(f64::INFINITY, f64::min);
        let widest = own.max(other);
        if widest.is_finite() && widest > 0.0 {
            silhouettes += (other - own) / widest * mark.weight;
        }
        count_below += mark.weight;
        sum_below += from_first(mark);
    }
    silhouettes
}
