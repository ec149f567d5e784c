//! Observations by rising score, and the figures of each drawing of them.

#![expect(
    clippy::float_arithmetic,
    reason = "shares and probabilities are statistics, not money"
)]

use super::{CurvePoint, Observation, ValidationError, ValidationSettings};
use crate::binning::Tally;
use crate::training::{Outcome, real};
use kernel::progress::{Progress, Stopped};

/// The most steps of a curve.
const CURVE_STEPS: usize = 200;

pub struct Ranked {
    rows: Vec<Observation>,
    pub tally: Tally,
}

/// The figures of one drawing, in which each row counts as often as it was drawn.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    pub goods: f64,
    pub bads: f64,
    pub auc: f64,
    pub ks: f64,
    pub goods_refused: f64,
    pub bads_refused: f64,
    pub brier: Option<f64>,
}

impl Figures {
    pub fn precision(&self) -> Option<f64> {
        let refused = self.goods_refused + self.bads_refused;
        (refused > 0.0).then(|| self.bads_refused / refused)
    }

    /// 2 · hits ÷ (refused + bads).
    pub fn f1(&self) -> Option<f64> {
        let refused = self.goods_refused + self.bads_refused;
        (refused > 0.0).then(|| 2.0 * self.bads_refused / (refused + self.bads))
    }
}

impl Ranked {
    pub fn new(observations: &[Observation]) -> Result<Ranked, ValidationError> {
        let wrong = |observation: &Observation| {
            let probability = observation.probability_of_default;
            !observation.score.is_finite() || probability.is_some_and(|p| !(0.0..=1.0).contains(&p))
        };
        if let Some(row) = observations.iter().position(wrong) {
            return Err(ValidationError::Observation { row });
        }
        let outcomes: Vec<Outcome> = observations.iter().map(|o| o.outcome).collect();
        let tally = Tally::of(&outcomes);
        let Tally { goods, bads } = tally;
        if goods == 0 || bads == 0 {
            return Err(ValidationError::OneOutcome { goods, bads });
        }
        let mut rows = observations.to_vec();
        rows.sort_by(|a, b| a.score.total_cmp(&b.score));
        Ok(Ranked { rows, tally })
    }

    /// Rows of equal score, with the weight of each row.
    fn ties<'a>(&'a self, weights: &'a [f64]) -> impl Iterator<Item = (f64, f64, f64)> + 'a {
        let mut start = 0;
        // Not total: −0 and 0 are equal scores.
        self.rows
            .chunk_by(|a, b| a.score >= b.score)
            .map(move |chunk| {
                let (mut goods, mut bads) = (0.0, 0.0);
                for (row, weight) in chunk.iter().zip(weights.iter().skip(start)) {
                    match row.outcome {
                        Outcome::Good => goods += weight,
                        Outcome::Bad => bads += weight,
                    }
                }
                start = start.saturating_add(chunk.len());
                (chunk.first().map_or(0.0, |row| row.score), goods, bads)
            })
    }

    pub fn figures(&self, weights: &[f64], cut_off: f64) -> Figures {
        let (mut goods, mut bads, mut pairs) = (0.0, 0.0, 0.0);
        let (mut goods_refused, mut bads_refused) = (0.0, 0.0);
        let (all_goods, all_bads) = (real(self.tally.goods), real(self.tally.bads));
        let mut ks = 0.0_f64;
        for (score, goods_here, bads_here) in self.ties(weights) {
            pairs += goods_here * (bads + bads_here / 2.0);
            goods += goods_here;
            bads += bads_here;
            ks = ks.max((bads / all_bads - goods / all_goods).abs());
            if score < cut_off {
                (goods_refused, bads_refused) = (goods, bads);
            }
        }
        Figures {
            goods,
            bads,
            auc: pairs / (all_goods * all_bads),
            ks,
            goods_refused,
            bads_refused,
            brier: self.brier(weights),
        }
    }

    fn brier(&self, weights: &[f64]) -> Option<f64> {
        let mut sum = 0.0;
        for (row, weight) in self.rows.iter().zip(weights) {
            sum += weight * (row.probability_of_default? - row.outcome.badness()).powi(2);
        }
        Some(sum / real(self.rows.len()))
    }

    /// The figures of so many drawings. As many goods and as many bads are drawn as there are.
    pub fn replicates(
        &self,
        cut_off: f64,
        settings: &ValidationSettings,
        progress: &Progress,
    ) -> Result<Vec<Figures>, Stopped> {
        let mut random = fastrand::Rng::with_seed(settings.seed);
        let rows_of = |wanted: Outcome| -> Vec<usize> {
            let rows = self.rows.iter().enumerate();
            rows.filter(|(_, row)| row.outcome == wanted)
                .map(|(place, _)| place)
                .collect()
        };
        let strata = [rows_of(Outcome::Good), rows_of(Outcome::Bad)];
        let mut weights = vec![0.0; self.rows.len()];
        let mut draw = |_| {
            progress.go_on()?;
            weights.fill(0.0);
            for stratum in &strata {
                for _ in stratum {
                    let drawn = stratum.get(random.usize(..stratum.len()));
                    if let Some(weight) = drawn.and_then(|place| weights.get_mut(*place)) {
                        *weight += 1.0;
                    }
                }
            }
            Ok(self.figures(&weights, cut_off))
        };
        (0..settings.replicates).map(&mut draw).collect()
    }

    /// The score of the largest distance, and the next higher score: who scores below that is refused at this distance.
    pub fn ks_score(&self) -> (f64, f64) {
        let once = vec![1.0; self.rows.len()];
        let points: Vec<CurvePoint> = self.points(&once).collect();
        let distance = |point: &CurvePoint| (point.bads - point.goods).abs();
        let mut best: Option<(usize, f64)> = None;
        for (place, point) in points.iter().enumerate() {
            if best.is_none_or(|(_, most)| distance(point) > most) {
                best = Some((place, distance(point)));
            }
        }
        let place = best.map_or(0, |(place, _)| place);
        let at = |place: usize| points.get(place).map(|point| point.score);
        let here = at(place).unwrap_or_default();
        (here, at(place.saturating_add(1)).unwrap_or(here))
    }

    fn points<'a>(&'a self, once: &'a [f64]) -> impl Iterator<Item = CurvePoint> + 'a {
        let (mut goods, mut bads) = (0.0, 0.0);
        let (all_goods, all_bads) = (real(self.tally.goods), real(self.tally.bads));
        self.ties(once).map(move |(score, goods_here, bads_here)| {
            goods += goods_here;
            bads += bads_here;
            CurvePoint {
                score,
                goods: goods / all_goods,
                bads: bads / all_bads,
            }
        })
    }

    /// The curve, thinned out evenly; its last point is (1, 1).
    pub fn curve(&self) -> Vec<CurvePoint> {
        let once = vec![1.0; self.rows.len()];
        let points: Vec<CurvePoint> = self.points(&once).collect();
        let step = points.len().div_ceil(CURVE_STEPS).max(1);
        let mut curve: Vec<CurvePoint> = points.iter().rev().step_by(step).copied().collect();
        curve.reverse();
        curve
    }

    /// Who scores below the cut-off.
    pub fn cells(&self, cut_off: f64) -> Tally {
        let refused = self.rows.iter().filter(|row| row.score < cut_off);
        let outcomes: Vec<Outcome> = refused.map(|row| row.outcome).collect();
        Tally::of(&outcomes)
    }
}
