//! Growing: the question that leaves the purest parts, again and again (CART; Breiman, Friedman, Olshen & Stone).
//!
//! A level of the tree is grown at a time. Every numeric characteristic is sorted once, at the beginning; one pass over
//! it finds the best limit for all nodes of the level together. Words are ordered by their share of bads in each node,
//! which for two outcomes finds the best grouping too. Those without a value go to the side that suits them better.

#![expect(
    clippy::float_arithmetic,
    reason = "impurities are statistics, not money"
)]

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::fit::TreeSettings;
use super::{Side, Test};
use crate::binning::Tally;
use crate::training::{Characteristic, Outcome, TrainingSet, Values, real, roundest_between};
use kernel::progress::{Progress, Stopped};

/// The most nodes: pruning looks at all of them for each that goes, and nobody reads a tree of ten thousand leaves.
const NODES_MAX: usize = 20_001;

/// A node of a tree that is growing; children stand after their parents.
#[derive(Debug, Clone, Default)]
pub struct Grown {
    pub tally: Tally,
    pub split: Option<GrownSplit>,
}

#[derive(Debug, Clone)]
pub struct GrownSplit {
    pub column: usize,
    pub test: Test,
    pub missing: Side,
    pub gain: f64,
    pub holds: usize,
    pub fails: usize,
}

/// Goods and bads as numbers to reckon with.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Mass {
    goods: f64,
    bads: f64,
}

impl Mass {
    fn add(&mut self, bad: bool) {
        if bad {
            self.bads += 1.0;
        } else {
            self.goods += 1.0;
        }
    }

    fn total(self) -> f64 {
        self.goods + self.bads
    }

    fn plus(self, other: Mass) -> Mass {
        Mass {
            goods: self.goods + other.goods,
            bads: self.bads + other.bads,
        }
    }

    fn less(self, other: Mass) -> Mass {
        Mass {
            goods: self.goods - other.goods,
            bads: self.bads - other.bads,
        }
    }

    /// (goods² + bads²) ÷ total: the total less the impurity's mass.
    fn purity(self) -> f64 {
        (self.goods * self.goods + self.bads * self.bads) / self.total().max(1.0)
    }
}

impl From<Tally> for Mass {
    fn from(tally: Tally) -> Mass {
        Mass {
            goods: real(tally.goods),
            bads: real(tally.bads),
        }
    }
}

/// Gini's impurity 1 − Σ p²: 90 good and 10 bad have 0.18.
pub fn gini(tally: Tally) -> f64 {
    let mass = Mass::from(tally);
    1.0 - mass.purity() / mass.total().max(1.0)
}

/// The gain of a split: impurity before less the weighted impurities after. 90/10 into 70/2 and 20/8 gains 0.026825.
fn gain(one: Mass, other: Mass) -> f64 {
    let all = one.plus(other);
    (one.purity() + other.purity() - all.purity()) / all.total().max(1.0)
}

/// Where a row is at the level that grows.
#[derive(Clone, Copy)]
struct Place {
    /// Which of the level's nodes; none when the row has come to a leaf.
    slot: Option<u32>,
    bad: bool,
}

/// A characteristic, prepared.
enum Column<'a> {
    Numbers {
        /// Rows with a value, ascending.
        sorted: Vec<(f64, u32)>,
        missing: Vec<u32>,
        by_row: &'a [Option<f64>],
    },
    Words {
        words: Vec<&'a str>,
        /// The word's place, none where it is missing.
        by_row: Vec<Option<u32>>,
        /// Rows with a word, by the word's place.
        sorted: Vec<(u32, u32)>,
        missing: Vec<u32>,
    },
}

/// The best question found for a node so far.
#[derive(Clone)]
struct Found {
    column: usize,
    test: Test,
    missing: Side,
    gain: f64,
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Rows and nodes are counted in 32 bits: see `ROWS_MAX`.
fn short(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl<'a> Column<'a> {
    fn new(characteristic: &'a Characteristic) -> Column<'a> {
        match &characteristic.values {
            Values::Numeric(by_row) => {
                let mut sorted = Vec::with_capacity(by_row.len());
                let mut missing = Vec::new();
                for (row, value) in (0..).zip(by_row) {
                    match value {
                        Some(value) => sorted.push((*value, row)),
                        None => missing.push(row),
                    }
                }
                sorted.sort_unstable_by(|(a, x), (b, y)| a.total_cmp(b).then(x.cmp(y)));
                Column::Numbers {
                    sorted,
                    missing,
                    by_row,
                }
            }
            Values::Categorical(values) => {
                let distinct: BTreeSet<&str> =
                    values.iter().flatten().map(|word| &**word).collect();
                let words: Vec<&str> = distinct.into_iter().collect();
                let place = |word: &Option<Arc<str>>| {
                    let place = words.binary_search(&word.as_deref()?);
                    place.ok().map(short)
                };
                let by_row: Vec<Option<u32>> = values.iter().map(place).collect();
                let mut sorted = Vec::with_capacity(by_row.len());
                let mut missing = Vec::new();
                for (row, word) in (0..).zip(&by_row) {
                    match word {
                        Some(word) => sorted.push((*word, row)),
                        None => missing.push(row),
                    }
                }
                sorted.sort_unstable();
                Column::Words {
                    words,
                    by_row,
                    sorted,
                    missing,
                }
            }
        }
    }
}

/// One level: its nodes and the best question of each so far.
struct Level<'s> {
    masses: Vec<Mass>,
    found: Vec<Option<Found>>,
    settings: &'s TreeSettings,
}

impl Level<'_> {
    /// Takes a question if it is the best yet, and says whether it is. `first` are those for whom it holds, among those
    /// with a value.
    fn consider(
        &mut self,
        slot: usize,
        first: Mass,
        missing: Mass,
        column: usize,
        test: impl FnOnce() -> Test,
    ) -> bool {
        let (Some(all), Some(found)) = (self.masses.get(slot), self.found.get_mut(slot)) else {
            return false;
        };
        let rest = all.less(first).less(missing);
        let least = real(self.settings.least_leaf.max(1));
        let mut best: Option<(f64, Side)> = None;
        let larger = if first.total() >= rest.total() {
            Side::Holds
        } else {
            Side::Fails
        };
        let other = if larger == Side::Holds {
            Side::Fails
        } else {
            Side::Holds
        };
        for side in [larger, other] {
            let (one, two) = match side {
                Side::Holds => (first.plus(missing), rest),
                Side::Fails => (first, rest.plus(missing)),
            };
            if one.total() >= least && two.total() >= least {
                let gain = gain(one, two);
                if best.is_none_or(|(value, _)| gain > value) {
                    best = Some((gain, side));
                }
            }
            if missing.total() <= 0.0 {
                break; // nothing to learn: those to come go with the larger part
            }
        }
        let Some((gain, missing)) = best.filter(|(gain, _)| {
            let is_better = found.as_ref().is_none_or(|found| *gain > found.gain);
            *gain > self.settings.least_gain && is_better
        }) else {
            return false;
        };
        let test = test();
        *found = Some(Found {
            column,
            test,
            missing,
            gain,
        });
        true
    }

    fn scan_numbers(
        &mut self,
        column: usize,
        sorted: &[(f64, u32)],
        missing: &[u32],
        places: &[Place],
    ) {
        let slots = self.masses.len();
        let without = masses_of(missing, places, slots);
        let mut passed: Vec<(Mass, f64)> = vec![(Mass::default(), f64::NEG_INFINITY); slots];
        for (value, row) in sorted {
            let Some(Place {
                slot: Some(slot),
                bad,
            }) = places.get(index(*row)).copied()
            else {
                continue;
            };
            let slot = index(slot);
            let (Some(state), Some(without)) = (passed.get_mut(slot), without.get(slot)) else {
                continue;
            };
            let (first, last) = *state;
            state.0.add(bad);
            state.1 = *value;
            if *value > last && first.total() > 0.0 {
                self.consider(slot, first, *without, column, || {
                    Test::Below(roundest_between(last, *value))
                });
            }
        }
    }

    /// Counts each node's words in one pass over the rows, which lie by word, and puts them in order by their share of
    /// bads: no more work than for numbers, however many words there are.
    fn scan_words(&mut self, column: usize, of: &Words<'_>, places: &[Place]) {
        let slots = self.masses.len();
        let without = masses_of(of.missing, places, slots);
        let mut present: Vec<Vec<(u32, Mass)>> = vec![Vec::new(); slots];
        for (word, row) in of.sorted {
            let Some(place) = places.get(index(*row)) else {
                continue;
            };
            let Some(counts) = place.slot.and_then(|slot| present.get_mut(index(slot))) else {
                continue;
            };
            match counts.last_mut() {
                Some((last, mass)) if last == word => mass.add(place.bad),
                _ => {
                    let mut mass = Mass::default();
                    mass.add(place.bad);
                    counts.push((*word, mass));
                }
            }
        }
        for (slot, (mut present, missing)) in present.into_iter().zip(without).enumerate() {
            let rate = |mass: &Mass| mass.bads / mass.total();
            present.sort_by(|(a, x), (b, y)| rate(x).total_cmp(&rate(y)).then(a.cmp(b)));
            let mut first = Mass::default();
            let mut best: Option<usize> = None;
            for (taken, (_, mass)) in (1..present.len()).zip(&present) {
                first = first.plus(*mass);
                // The test is written out once, for the best grouping alone.
                if self.consider(slot, first, missing, column, || Test::OneOf(Vec::new())) {
                    best = Some(taken);
                }
            }
            let found = self.found.get_mut(slot).and_then(Option::as_mut);
            if let (Some(taken), Some(found)) = (best, found) {
                let words = present.iter().take(taken);
                let words = words.filter_map(|(word, _)| of.distinct.get(index(*word)));
                found.test = Test::OneOf(words.map(|word| (*word).to_owned()).collect());
            }
        }
    }
}

/// A column of words, as it is scanned.
struct Words<'a> {
    distinct: &'a [&'a str],
    sorted: &'a [(u32, u32)],
    missing: &'a [u32],
}

/// Goods and bads among these rows, by the node at which they are.
fn masses_of(rows: &[u32], places: &[Place], slots: usize) -> Vec<Mass> {
    let mut masses = vec![Mass::default(); slots];
    for row in rows {
        if let Some(Place {
            slot: Some(slot),
            bad,
        }) = places.get(index(*row))
            && let Some(mass) = masses.get_mut(index(*slot))
        {
            mass.add(*bad);
        }
    }
    masses
}

/// Grows a tree to its full size within the limits. The first node is the root.
///
/// # Errors
/// When it is told to stop.
pub fn grow(
    training: &TrainingSet,
    settings: &TreeSettings,
    progress: &Progress,
) -> Result<Vec<Grown>, Stopped> {
    let mut columns: Vec<Column<'_>> = Vec::new();
    for characteristic in training.characteristics() {
        progress.go_on()?;
        columns.push(Column::new(characteristic));
    }
    let place = |outcome: &Outcome| Place {
        slot: Some(0),
        bad: outcome.is_bad(),
    };
    let mut places: Vec<Place> = training.outcomes().iter().map(place).collect();
    let tally = Tally::of(training.outcomes());
    let mut nodes = vec![Grown { tally, split: None }];
    let mut open: Vec<usize> = vec![0];
    for _ in 0..settings.most_depth {
        let masses = open
            .iter()
            .filter_map(|node| nodes.get(*node))
            .map(|node| node.tally.into());
        let masses: Vec<Mass> = masses.collect();
        let mut level = Level {
            found: vec![None; masses.len()],
            masses,
            settings,
        };
        for (number, column) in columns.iter().enumerate() {
            progress.go_on()?;
            match column {
                Column::Numbers {
                    sorted, missing, ..
                } => {
                    level.scan_numbers(number, sorted, missing, &places);
                }
                Column::Words {
                    words,
                    sorted,
                    missing,
                    ..
                } => {
                    let of = Words {
                        distinct: words,
                        sorted,
                        missing,
                    };
                    level.scan_words(number, &of, &places);
                }
            }
        }
        progress.advance(places.len())?;
        open = divide(&mut nodes, &open, level.found, &columns, &mut places);
        if open.is_empty() {
            break;
        }
    }
    Ok(nodes)
}

/// Turns the questions into children, sends every row to its child, and answers the nodes of the next level.
fn divide(
    nodes: &mut Vec<Grown>,
    open: &[usize],
    found: Vec<Option<Found>>,
    columns: &[Column<'_>],
    places: &mut [Place],
) -> Vec<usize> {
    let mut next: Vec<usize> = Vec::new();
    // For each slot: its question as a quick router, and the slots of its children.
    let mut routes: Vec<Option<(Router<'_>, Side, u32)>> = Vec::with_capacity(open.len());
    for (node, found) in open.iter().zip(found) {
        let Some(found) = found.filter(|_| nodes.len() < NODES_MAX.saturating_sub(1)) else {
            routes.push(None);
            continue;
        };
        let holds = nodes.len();
        let fails = holds.saturating_add(1);
        let asked = columns
            .get(found.column)
            .map(|column| Router::new(column, &found.test));
        routes.push(asked.map(|router| (router, found.missing, short(next.len()))));
        next.extend([holds, fails]);
        nodes.extend([Grown::default(), Grown::default()]);
        if let Some(node) = nodes.get_mut(*node) {
            let Found {
                column,
                test,
                missing,
                gain,
            } = found;
            node.split = Some(GrownSplit {
                column,
                test,
                missing,
                gain,
                holds,
                fails,
            });
        }
    }
    for (row, place) in places.iter_mut().enumerate() {
        let route = place
            .slot
            .and_then(|slot| routes.get(index(slot))?.as_ref());
        place.slot = route.map(|(router, missing, first)| {
            let side = router.side(row).unwrap_or(*missing);
            first.saturating_add(u32::from(side == Side::Fails))
        });
        let child = place.slot.and_then(|slot| next.get(index(slot)));
        if let Some(child) = child.and_then(|child| nodes.get_mut(*child)) {
            let outcome = if place.bad {
                Outcome::Bad
            } else {
                Outcome::Good
            };
            child.tally.add(outcome);
        }
    }
    next
}

/// A question to be asked of many rows.
enum Router<'a> {
    Below(f64, &'a [Option<f64>]),
    OneOf(Vec<bool>, &'a [Option<u32>]),
}

impl<'a> Router<'a> {
    fn new(column: &'a Column<'_>, test: &Test) -> Router<'a> {
        match (column, test) {
            (Column::Numbers { by_row, .. }, Test::Below(limit)) => Router::Below(*limit, by_row),
            (Column::Words { words, by_row, .. }, Test::OneOf(chosen)) => {
                let chosen: HashSet<&str> = chosen.iter().map(String::as_str).collect();
                let holds = words.iter().map(|word| chosen.contains(word));
                Router::OneOf(holds.collect(), by_row)
            }
            // A question is always of its column's kind.
            _ => Router::Below(0.0, &[]),
        }
    }

    fn side(&self, row: usize) -> Option<Side> {
        let holds = match self {
            Router::Below(limit, by_row) => by_row.get(row).copied().flatten()? < *limit,
            Router::OneOf(holds, by_row) => {
                let word = by_row.get(row).copied().flatten()?;
                holds.get(index(word)).copied()?
            }
        };
        Some(Side::of(holds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Formulas 3.6.
    #[test]
    fn the_worked_impurities_and_gain() {
        let tally = |goods, bads| Tally { goods, bads };
        let (all, one, two) = (tally(90, 10), tally(70, 2), tally(20, 8));
        let close = |a: f64, b: f64| assert!((a - b).abs() < 5e-7, "{a} is not {b}");
        close(gini(all), 0.180_000);
        close(gini(one), 0.054_012);
        close(gini(two), 0.408_163);
        close(gain(one.into(), two.into()), 0.026_825);
    }
}
