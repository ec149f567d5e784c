//! Calibration: whether as many turn out badly as the probabilities say.

#![expect(
    clippy::float_arithmetic,
    reason = "shares and probabilities are statistics, not money"
)]

use serde::{Deserialize, Serialize};

use super::{Estimate, Observation, ValidationSettings};
use crate::binning::Tally;
use crate::training::real;
use kernel::progress::{Progress, Stopped};

/// Customers of like probability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationBin {
    pub tally: Tally,
    pub lowest: f64,
    pub highest: f64,
    /// The mean of the probabilities.
    pub expected: f64,
    /// The share that turned out badly, with an interval from drawing the bin's customers again.
    pub observed: Estimate,
    /// Whether the expected share lies in that interval.
    pub agrees: bool,
}

/// Parts of like size by rising probability; equal probabilities stay together. Empty without probabilities.
///
/// # Errors
/// When it is told to stop.
pub fn table(
    observations: &[Observation],
    settings: &ValidationSettings,
    progress: &Progress,
) -> Result<Vec<CalibrationBin>, Stopped> {
    let known = observations
        .iter()
        .map(|o| Some((o.probability_of_default?, o.outcome)));
    let Some(mut known) = known.collect::<Option<Vec<_>>>() else {
        return Ok(Vec::new());
    };
    known.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let size = known.len().div_ceil(settings.calibration_bins.max(1));
    let mut random = fastrand::Rng::with_seed(settings.seed);
    let mut bins: Vec<(Tally, f64, f64, f64)> = Vec::new();
    for (probability, outcome) in known {
        match bins.last_mut() {
            Some((tally, _, highest, sum)) if tally.total() < size || probability <= *highest => {
                tally.add(outcome);
                *highest = probability;
                *sum += probability;
            }
            _ => {
                let mut tally = Tally::default();
                tally.add(outcome);
                bins.push((tally, probability, probability, probability));
            }
        }
    }
    let finish = |(tally, lowest, highest, sum): (Tally, f64, f64, f64)| {
        let total = real(tally.total().max(1));
        let (expected, rate) = (sum / total, real(tally.bads) / total);
        let draw = |_| {
            progress.go_on()?;
            let drawn = (0..tally.total()).filter(|_| random.usize(..tally.total()) < tally.bads);
            Ok(real(drawn.count()) / total)
        };
        let drawn: Result<Vec<f64>, Stopped> = (0..settings.replicates).map(draw).collect();
        let observed = super::interval(rate, drawn?, settings.confidence);
        let agrees = (observed.low..=observed.high).contains(&expected);
        Ok(CalibrationBin {
            tally,
            lowest,
            highest,
            expected,
            observed,
            agrees,
        })
    };
    bins.into_iter().map(finish).collect()
}
