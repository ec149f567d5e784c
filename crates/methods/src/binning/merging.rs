//! The best merging of neighbouring fine bins, exactly, by dynamic programming.

#![expect(
    clippy::float_arithmetic,
    reason = "weights of evidence are statistics, not money"
)]

use std::ops::Range;

use super::{BinningSettings, Tally, Trend};
use crate::training::real;

/// Neighbouring fine bins taken as one bin.
#[derive(Clone, Copy)]
struct Merged {
    tally: Tally,
    woe: f64,
    information_value: f64,
    /// Whether it holds enough customers.
    enough: bool,
}

/// The best bins so far of which this one is the last.
#[derive(Clone, Copy)]
struct Best {
    information_value: f64,
    /// Where the bin before this one begins.
    before: usize,
}

/// The parts into which fine bins are merged, in their order: of all mergings that meet the demands, the one with the
/// highest information value. When no cut meets them, all is one part. Effort: most bins × (fine bins)³ ÷ 6.
pub fn merge(fine: &[Tally], all: Tally, settings: &BinningSettings) -> Vec<Range<usize>> {
    if fine.is_empty() {
        return Vec::new();
    }
    let grid = Grid::new(fine, all, settings);
    let trends: &[Trend] = match settings.trend {
        Trend::Monotonic => &[Trend::Rising, Trend::Falling],
        Trend::Rising => &[Trend::Rising],
        Trend::Falling => &[Trend::Falling],
        Trend::Free => &[Trend::Free],
    };
    let mut best: Option<(f64, Vec<Range<usize>>)> = None;
    for trend in trends {
        let found = grid.search(*trend, settings);
        let better = match (&best, &found) {
            (Some((old, _)), Some((new, _))) => new > old,
            (None, _) => true,
            _ => false,
        };
        if better {
            best = found;
        }
    }
    best.map_or_else(
        || std::iter::once(0..fine.len()).collect(),
        |(_, parts)| parts,
    )
}

/// Every run of neighbouring fine bins.
struct Grid {
    size: usize,
    runs: Vec<Merged>,
}

impl Grid {
    fn new(fine: &[Tally], all: Tally, settings: &BinningSettings) -> Grid {
        let size = fine.len();
        let known: usize = fine.iter().map(|tally| tally.total()).sum();
        let least = settings.least_share * real(known);
        let mut runs = Vec::with_capacity(size.saturating_mul(size));
        for first in 0..size {
            let mut tally = Tally::default();
            for (last, next) in fine.iter().enumerate() {
                if last >= first {
                    tally = tally.plus(*next);
                }
                let (woe, information_value) = tally.weigh(all);
                runs.push(Merged {
                    tally,
                    woe,
                    information_value,
                    enough: last >= first && real(tally.total()) >= least,
                });
            }
        }
        Grid { size, runs }
    }

    /// Where the run from `first` to `last` stands.
    fn place(&self, first: usize, last: usize) -> usize {
        first.saturating_mul(self.size).saturating_add(last)
    }

    fn run(&self, first: usize, last: usize) -> Option<Merged> {
        let run = self.runs.get(self.place(first, last)).copied();
        run.filter(|run| run.enough)
    }

    /// The best merging of this trend; `None` when none meets the demands.
    fn search(&self, trend: Trend, settings: &BinningSettings) -> Option<(f64, Vec<Range<usize>>)> {
        let last = self.size.checked_sub(1)?;
        let mut layer: Vec<Option<Best>> = vec![None; self.runs.len()];
        for end in 0..self.size {
            if let (Some(run), Some(state)) = (self.run(0, end), layer.get_mut(end)) {
                let information_value = run.information_value;
                *state = Some(Best {
                    information_value,
                    before: 0,
                });
            }
        }
        let mut layers = vec![layer];
        while layers.len() < settings.most_bins.clamp(1, self.size) {
            let next = self.extend(layers.last()?, trend, settings);
            if next.iter().all(Option::is_none) {
                break;
            }
            layers.push(next);
        }
        let mut best: Option<(f64, usize, usize)> = None;
        for (depth, layer) in layers.iter().enumerate() {
            for first in 0..self.size {
                let Some(state) = layer.get(self.place(first, last)).copied().flatten() else {
                    continue;
                };
                if best.is_none_or(|(value, _, _)| state.information_value > value) {
                    best = Some((state.information_value, depth, first));
                }
            }
        }
        let (value, depth, first) = best?;
        Some((value, self.trace(&layers, depth, first)))
    }

    /// All mergings with one bin more.
    fn extend(
        &self,
        layer: &[Option<Best>],
        trend: Trend,
        settings: &BinningSettings,
    ) -> Vec<Option<Best>> {
        let mut next: Vec<Option<Best>> = vec![None; self.runs.len()];
        for first in 1..self.size {
            let end_before = first.saturating_sub(1);
            let earlier: Vec<(usize, Best, Merged)> = (0..first)
                .filter_map(|start| {
                    let state = layer
                        .get(self.place(start, end_before))
                        .copied()
                        .flatten()?;
                    Some((start, state, self.run(start, end_before)?))
                })
                .collect();
            for last in first..self.size {
                let Some(run) = self.run(first, last) else {
                    continue;
                };
                let mut best: Option<Best> = None;
                for (before, state, previous) in &earlier {
                    let information_value = state.information_value + run.information_value;
                    if best.is_none_or(|found| information_value > found.information_value)
                        && follows(*previous, run, trend, settings.least_chi_square)
                    {
                        let before = *before;
                        best = Some(Best {
                            information_value,
                            before,
                        });
                    }
                }
                if let Some(state) = next.get_mut(self.place(first, last)) {
                    *state = best;
                }
            }
        }
        next
    }

    fn trace(&self, layers: &[Vec<Option<Best>>], depth: usize, first: usize) -> Vec<Range<usize>> {
        let (mut first, mut end) = (first, self.size);
        let mut parts = Vec::new();
        for layer in layers.iter().take(depth.saturating_add(1)).rev() {
            parts.push(first..end);
            let state = layer.get(self.place(first, end.saturating_sub(1)));
            end = first;
            first = state.copied().flatten().map_or(0, |state| state.before);
        }
        parts.reverse();
        parts
    }
}

/// Whether a bin may stand after another: in the trend, and different enough.
fn follows(one: Merged, next: Merged, trend: Trend, least_chi_square: f64) -> bool {
    let in_trend = match trend {
        Trend::Rising => next.woe > one.woe,
        Trend::Falling => next.woe < one.woe,
        Trend::Free | Trend::Monotonic => true,
    };
    in_trend && chi_square(one.tally, next.tally) >= least_chi_square
}

/// χ² of a two-by-two table, without correction: n(ad − bc)² ÷ (product of the four margins).
fn chi_square(one: Tally, other: Tally) -> f64 {
    let (a, b, c, d) = (
        real(one.goods),
        real(one.bads),
        real(other.goods),
        real(other.bads),
    );
    let margins = (a + b) * (c + d) * (a + c) * (b + d);
    if margins > 0.0 {
        (a + b + c + d) * (a * d - b * c).powi(2) / margins
    } else {
        0.0
    }
}
