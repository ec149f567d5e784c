//! Binning: the values of a characteristic are gathered in bins, and each bin weighed by how its customers turned out.
//!
//! Fine bins by quantiles (or one for each word) are merged so that the information value is as high as the demands
//! allow: a monotonic trend, a minimum share, a real difference between neighbours. The best merging is found exactly,
//! by dynamic programming. What is missing has its own bin.
//!
//! Weight of evidence: WOE = ln(share of all goods ÷ share of all bads), so that positive is better than the average.
//! Information value: IV = Σ (share of goods − share of bads) · WOE. Source: N. Siddiqi, Credit Risk Scorecards.

#![expect(
    clippy::float_arithmetic,
    reason = "weights of evidence are statistics, not money"
)]

mod merging;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::bands::Band;
use super::training::{Characteristic, Outcome, Values, real, roundest_between};

/// How the weight of evidence may move as the value rises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trend {
    /// The higher the value, the better the customer.
    Rising,
    /// The higher the value, the worse the customer.
    Falling,
    /// Rising or falling, whichever holds more information.
    Monotonic,
    /// Any shape.
    Free,
}

/// What is demanded of bins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BinningSettings {
    /// How many bins the values are first cut into, at quantiles; at most 100.
    pub fine_bins: usize,
    /// The most bins in the end, the one for missing values left out.
    pub most_bins: usize,
    /// The least share of the customers with a value that a bin must hold, 0 to 1.
    pub least_share: f64,
    /// How much neighbours must differ: χ² of the two bins' goods and bads. 3.84 is the 5% level.
    pub least_chi_square: f64,
    pub trend: Trend,
}

impl Default for BinningSettings {
    fn default() -> Self {
        BinningSettings {
            fine_bins: 50,
            most_bins: 8,
            least_share: 0.05,
            least_chi_square: 1.0,
            trend: Trend::Monotonic,
        }
    }
}

/// How many turned out well and how many badly.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tally {
    pub goods: usize,
    pub bads: usize,
}

impl Tally {
    pub fn total(self) -> usize {
        self.goods.saturating_add(self.bads)
    }

    pub(super) fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Good => self.goods = self.goods.saturating_add(1),
            Outcome::Bad => self.bads = self.bads.saturating_add(1),
        }
    }

    pub(super) fn plus(self, other: Tally) -> Tally {
        Tally {
            goods: self.goods.saturating_add(other.goods),
            bads: self.bads.saturating_add(other.bads),
        }
    }

    pub fn of(outcomes: &[Outcome]) -> Tally {
        let mut tally = Tally::default();
        for outcome in outcomes {
            tally.add(*outcome);
        }
        tally
    }

    /// Weight of evidence and part of the information value, among all customers. When a cell is empty, half a
    /// customer is added to both of the bin's cells, so that the weight stays finite.
    pub fn weigh(self, all: Tally) -> (f64, f64) {
        let substitute = if self.goods == 0 || self.bads == 0 {
            0.5
        } else {
            0.0
        };
        let share = |count: usize, of: usize| (real(count) + substitute) / real(of.max(1));
        let (goods, bads) = (share(self.goods, all.goods), share(self.bads, all.bads));
        let woe = (goods / bads).ln();
        (woe, (goods - bads) * woe)
    }
}

/// One bin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bin {
    pub band: Band,
    pub tally: Tally,
    /// Of all customers, 0 to 1.
    pub share: f64,
    pub bad_rate: f64,
    pub woe: f64,
    /// This bin's part of the characteristic's information value.
    pub information_value: f64,
}

/// What an information value says (Siddiqi's words).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// Below 0.02.
    Useless,
    /// Below 0.1.
    Weak,
    /// Below 0.3.
    Medium,
    /// Up to 0.5.
    Strong,
    /// Above 0.5: too good to be believed before someone has looked whether it knows the outcome already.
    Suspicious,
}

impl Strength {
    pub fn of(information_value: f64) -> Strength {
        match information_value {
            value if value < 0.02 => Strength::Useless,
            value if value < 0.1 => Strength::Weak,
            value if value < 0.3 => Strength::Medium,
            value if value <= 0.5 => Strength::Strong,
            _ => Strength::Suspicious,
        }
    }
}

/// The bins of a characteristic, ranges in ascending order, missing last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Binning {
    pub characteristic: String,
    pub bins: Vec<Bin>,
    pub information_value: f64,
    pub strength: Strength,
}

impl Binning {
    /// Weighs bins whose customers were counted: the table of a published or an own binning.
    pub fn of_counts(characteristic: &str, counts: Vec<(Band, Tally)>) -> Binning {
        let all = counts
            .iter()
            .fold(Tally::default(), |sum, (_, tally)| sum.plus(*tally));
        let weigh = |(band, tally): (Band, Tally)| {
            let (woe, information_value) = tally.weigh(all);
            let total = real(tally.total());
            Bin {
                band,
                tally,
                share: total / real(all.total().max(1)),
                bad_rate: real(tally.bads) / total.max(1.0),
                woe,
                information_value,
            }
        };
        let bins: Vec<Bin> = counts.into_iter().map(weigh).collect();
        let information_value = bins.iter().map(|bin| bin.information_value).sum();
        Binning {
            characteristic: characteristic.to_owned(),
            bins,
            information_value,
            strength: Strength::of(information_value),
        }
    }

    /// The weight of evidence of every row's value; 0, the average, for words that no bin holds.
    pub fn weights(&self, values: &Values) -> Vec<f64> {
        let missing = self.bins.iter().find(|bin| bin.band == Band::Missing);
        let missing = missing.map_or(0.0, |bin| bin.woe);
        match values {
            Values::Numeric(values) => {
                let steps: Vec<(f64, f64)> = (self.bins.iter())
                    .filter_map(|bin| match bin.band {
                        Band::Range { from, .. } => {
                            Some((from.unwrap_or(f64::NEG_INFINITY), bin.woe))
                        }
                        _ => None,
                    })
                    .collect();
                let weight = |value: f64| {
                    let after = steps.partition_point(|(from, _)| *from <= value);
                    let step = after.checked_sub(1).and_then(|place| steps.get(place));
                    step.map_or(0.0, |(_, woe)| *woe)
                };
                let rows = values.iter();
                rows.map(|value| value.map_or(missing, weight)).collect()
            }
            Values::Categorical(values) => {
                let mut weights: HashMap<&str, f64> = HashMap::new();
                for bin in &self.bins {
                    if let Band::Values(words) = &bin.band {
                        weights.extend(words.iter().map(|word| (word.as_str(), bin.woe)));
                    }
                }
                let weight = |word: &str| weights.get(word).copied().unwrap_or(0.0);
                let rows = values.iter();
                rows.map(|word| word.as_deref().map_or(missing, weight))
                    .collect()
            }
        }
    }
}

/// Bins a characteristic against the outcomes, one of which stands for each value.
///
/// Example: 900 good and 100 bad, the longest delay of 12 months merged into 0–5 (500/30), 6–30 (300/35) and above
/// (100/35): WOE 0.616, −0.049, −1.147 and IV 0.432, strong.
pub fn bin(
    characteristic: &Characteristic,
    outcomes: &[Outcome],
    settings: &BinningSettings,
) -> Binning {
    let all = Tally::of(outcomes);
    let name = &characteristic.name;
    let (mut counts, missing) = match &characteristic.values {
        Values::Numeric(values) => {
            let (groups, missing) = fine_ranges(values, outcomes, settings);
            (merge_ranges(&groups, all, settings), missing)
        }
        Values::Categorical(values) => {
            let (mut words, missing) = count_words(values, outcomes);
            // Words have no order of their own: from worst to best, every merging rises.
            words.sort_by(|(one, a), (other, b)| {
                let rate = |tally: &Tally| real(tally.bads) / real(tally.total().max(1));
                rate(b).total_cmp(&rate(a)).then_with(|| one.cmp(other))
            });
            (merge_words(&words, all, settings), missing)
        }
    };
    if missing.total() > 0 {
        counts.push((Band::Missing, missing));
    }
    Binning::of_counts(name, counts)
}

/// One bin for every distinct value: the information value of a characteristic that was not binned. It flatters
/// characteristics of many values and serves comparison only.
pub fn bin_each_value(characteristic: &Characteristic, outcomes: &[Outcome]) -> Binning {
    let (words, missing) = match &characteristic.values {
        Values::Categorical(values) => count_words(values, outcomes),
        Values::Numeric(values) => {
            let words: Vec<Option<Arc<str>>> = (values.iter())
                .map(|value| value.map(|number| number.to_string().into()))
                .collect();
            count_words(&words, outcomes)
        }
    };
    let mut counts: Vec<(Band, Tally)> = (words.into_iter())
        .map(|(word, tally)| (Band::Values(vec![word]), tally))
        .collect();
    if missing.total() > 0 {
        counts.push((Band::Missing, missing));
    }
    Binning::of_counts(&characteristic.name, counts)
}

/// Neighbouring values with what became of them.
struct Fine {
    lowest: f64,
    highest: f64,
    tally: Tally,
}

/// Cuts the values at quantiles; equal values stay together.
fn fine_ranges(
    values: &[Option<f64>],
    outcomes: &[Outcome],
    settings: &BinningSettings,
) -> (Vec<Fine>, Tally) {
    let mut missing = Tally::default();
    let mut known: Vec<(f64, Outcome)> = Vec::with_capacity(values.len());
    for (value, outcome) in values.iter().zip(outcomes) {
        match value {
            Some(value) => known.push((*value, *outcome)),
            None => missing.add(*outcome),
        }
    }
    known.sort_unstable_by(|(a, _), (b, _)| a.total_cmp(b));
    let size = known.len().div_ceil(settings.fine_bins.clamp(1, 100));
    let mut groups: Vec<Fine> = Vec::new();
    for (value, outcome) in known {
        let full = |group: &Fine| group.tally.total() >= size && value > group.highest;
        match groups.last_mut() {
            Some(group) if !full(group) => {
                group.highest = value;
                group.tally.add(outcome);
            }
            _ => {
                let mut tally = Tally::default();
                tally.add(outcome);
                let (lowest, highest) = (value, value);
                groups.push(Fine {
                    lowest,
                    highest,
                    tally,
                });
            }
        }
    }
    (groups, missing)
}

fn merge_ranges(groups: &[Fine], all: Tally, settings: &BinningSettings) -> Vec<(Band, Tally)> {
    let tallies: Vec<Tally> = groups.iter().map(|group| group.tally).collect();
    let mut bins = Vec::new();
    let mut from = None;
    for part in merging::merge(&tallies, all, settings) {
        let highest = groups.get(part.end.saturating_sub(1));
        let next = groups.get(part.end);
        let below = highest
            .zip(next)
            .map(|(here, next)| roundest_between(here.highest, next.lowest));
        let tally = tallies.get(part).into_iter().flatten();
        let tally = tally.fold(Tally::default(), |sum, tally| sum.plus(*tally));
        bins.push((Band::Range { from, below }, tally));
        from = below;
    }
    bins
}

fn count_words(values: &[Option<Arc<str>>], outcomes: &[Outcome]) -> (Vec<(String, Tally)>, Tally) {
    let mut missing = Tally::default();
    let mut words: HashMap<&str, Tally> = HashMap::new();
    for (value, outcome) in values.iter().zip(outcomes) {
        match value {
            Some(word) => words.entry(word).or_default().add(*outcome),
            None => missing.add(*outcome),
        }
    }
    let ordered: BTreeMap<&str, Tally> = words.into_iter().collect();
    let words = ordered.into_iter();
    let words = words.map(|(word, tally)| (word.to_owned(), tally));
    (words.collect(), missing)
}

/// Merges words that are sorted from worst to best. Many words are first put together into fine bins of like rates.
fn merge_words(
    words: &[(String, Tally)],
    all: Tally,
    settings: &BinningSettings,
) -> Vec<(Band, Tally)> {
    let known: usize = words.iter().map(|(_, tally)| tally.total()).sum();
    let size = if words.len() > settings.fine_bins {
        known.div_ceil(settings.fine_bins.max(1))
    } else {
        1
    };
    let mut groups: Vec<(Vec<String>, Tally)> = Vec::new();
    for (word, tally) in words {
        match groups.last_mut() {
            Some((names, sum)) if sum.total() < size => {
                names.push(word.clone());
                *sum = sum.plus(*tally);
            }
            _ => groups.push((vec![word.clone()], *tally)),
        }
    }
    let tallies: Vec<Tally> = groups.iter().map(|(_, tally)| *tally).collect();
    let settings = BinningSettings {
        trend: Trend::Rising,
        ..settings.clone()
    };
    let merged = merging::merge(&tallies, all, &settings).into_iter();
    merged
        .map(|part| {
            let parts = groups.get(part).unwrap_or_default();
            let names = parts.iter().flat_map(|(names, _)| names.clone()).collect();
            let tally = parts
                .iter()
                .fold(Tally::default(), |sum, (_, tally)| sum.plus(*tally));
            (Band::Values(names), tally)
        })
        .collect()
}
