//! Validation: how well scores told good from bad customers, on customers whose outcome came after.
//!
//! A report holds the figures with confidence intervals by bootstrap: goods and bads are drawn again, each among
//! themselves (stratified), as often as asked; the interval lies between the percentiles of what comes out. The same
//! seed gives the same report. Higher scores are taken to be better.

#![expect(
    clippy::float_arithmetic,
    reason = "shares and probabilities are statistics, not money"
)]

mod calibration;
pub mod charts;
pub mod correlation;
mod ranked;
pub mod stability;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::binning::Tally;
use super::training::{Outcome, real};
pub use calibration::CalibrationBin;
use kernel::progress::{Progress, Stopped};
use ranked::{Figures, Ranked};

/// A customer who was scored and whose outcome is known.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observation {
    /// Higher is better.
    pub score: f64,
    pub outcome: Outcome,
    /// 0 to 1; without it there is no calibration.
    #[serde(default)]
    pub probability_of_default: Option<f64>,
}

/// What the report is about, besides the observations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ValidationSettings {
    /// Who scores below is taken to turn out badly; the threshold of KS when not given.
    pub cut_off: Option<f64>,
    /// How often customers are drawn again for the intervals.
    pub replicates: usize,
    /// How sure the intervals are, such as 0.95.
    pub confidence: f64,
    pub calibration_bins: usize,
    pub seed: u64,
}

impl Default for ValidationSettings {
    fn default() -> Self {
        ValidationSettings {
            cut_off: None,
            replicates: 200,
            confidence: 0.95,
            calibration_bins: 10,
            seed: 1,
        }
    }
}

/// A figure and the interval it lies in.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Estimate {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

/// A validation report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValidationReport {
    pub tally: Tally,
    /// P(score of a good > score of a bad) + ½ P(equal).
    pub auc: Estimate,
    /// 2 · AUC − 1.
    pub gini: Estimate,
    /// The largest distance between the shares of bads and of goods that score at most so much.
    pub ks: Estimate,
    /// The score of that distance.
    pub ks_score: f64,
    pub confusion: Confusion,
    /// The mean of (probability − what happened)²; none without probabilities.
    pub brier: Option<Estimate>,
    /// By rising probability; empty without probabilities.
    pub calibration: Vec<CalibrationBin>,
    /// At most 201 points by rising score, for charts.
    pub curve: Vec<CurvePoint>,
    pub settings: ValidationSettings,
}

/// What happened at a cut-off; to be refused and turn out badly is a hit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confusion {
    /// Who scores below is refused.
    pub cut_off: f64,
    pub bads_refused: usize,
    pub goods_refused: usize,
    pub bads_accepted: usize,
    pub goods_accepted: usize,
    /// Bads among the refused; none when nobody is refused.
    pub precision: Option<Estimate>,
    /// Refused among the bads.
    pub recall: Estimate,
    /// The harmonic mean of both; none when nobody is refused.
    pub f1: Option<Estimate>,
    /// Bads refused and goods accepted among all.
    pub accuracy: Estimate,
}

/// Which shares score at most so much.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CurvePoint {
    pub score: f64,
    pub goods: f64,
    pub bads: f64,
}

#[derive(Debug, Clone, PartialEq, Error)]
pub enum ValidationError {
    #[error(
        "observation {row} has a score that is no finite number, or a probability outside of 0 to 1"
    )]
    Observation { row: usize },
    #[error("{goods} good and {bads} bad customers: at least one of each is needed")]
    OneOutcome { goods: usize, bads: usize },
    #[error("`{setting}` is out of its range: {range}")]
    Setting {
        setting: &'static str,
        range: &'static str,
    },
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl ValidationSettings {
    fn check(&self) -> Result<(), ValidationError> {
        let demands: [(&'static str, bool, &'static str); 4] = [
            (
                "cut_off",
                self.cut_off.is_none_or(f64::is_finite),
                "a finite number",
            ),
            (
                "replicates",
                (1..=10_000).contains(&self.replicates),
                "1 to 10,000",
            ),
            (
                "confidence",
                (0.5..=0.999).contains(&self.confidence),
                "0.5 to 0.999",
            ),
            (
                "calibration_bins",
                (2..=100).contains(&self.calibration_bins),
                "2 to 100",
            ),
        ];
        let wrong = demands.iter().find(|(_, right, _)| !right);
        wrong.map_or(Ok(()), |(setting, _, range)| {
            Err(ValidationError::Setting { setting, range })
        })
    }
}

/// Validates scores.
///
/// Example: goods 720 700 690 650 640 600, bads 660 610 560 540: AUC 20/24, Gini 0.6667, KS 0.5833 at 610.
///
/// # Errors
/// Values that are not finite, only one kind of outcome, settings out of their range; or when it is told to stop.
pub fn validate(
    observations: &[Observation],
    settings: &ValidationSettings,
    progress: &Progress,
) -> Result<ValidationReport, ValidationError> {
    settings.check()?;
    let ranked = Ranked::new(observations)?;
    let (ks_score, above) = ranked.ks_score();
    let cut_off = settings.cut_off.unwrap_or(above);
    let once = vec![1.0; observations.len()];
    let figures = ranked.figures(&once, cut_off);
    let replicates = ranked.replicates(cut_off, settings, progress)?;
    let estimate = |of: &dyn Fn(&Figures) -> Option<f64>| -> Option<Estimate> {
        let value = of(&figures)?;
        let drawn = replicates.iter().filter_map(of).collect();
        Some(interval(value, drawn, settings.confidence))
    };
    let always = |of: &dyn Fn(&Figures) -> f64| -> Estimate {
        let drawn = replicates.iter().map(of).collect();
        interval(of(&figures), drawn, settings.confidence)
    };
    let cells = ranked.cells(cut_off);
    Ok(ValidationReport {
        tally: ranked.tally,
        auc: always(&|f| f.auc),
        gini: always(&|f| 2.0 * f.auc - 1.0),
        ks: always(&|f| f.ks),
        ks_score,
        confusion: Confusion {
            cut_off,
            bads_refused: cells.bads,
            goods_refused: cells.goods,
            bads_accepted: ranked.tally.bads.saturating_sub(cells.bads),
            goods_accepted: ranked.tally.goods.saturating_sub(cells.goods),
            precision: estimate(&|f| f.precision()),
            recall: always(&|f| f.bads_refused / f.bads),
            f1: estimate(&|f| f.f1()),
            accuracy: always(&|f| {
                (f.bads_refused + f.goods - f.goods_refused) / (f.bads + f.goods)
            }),
        },
        brier: estimate(&|f| f.brier),
        calibration: calibration::table(observations, settings, progress)?,
        curve: ranked.curve(),
        settings: settings.clone(),
    })
}

/// The interval between the percentiles of what was drawn.
fn interval(value: f64, mut drawn: Vec<f64>, confidence: f64) -> Estimate {
    drawn.sort_unstable_by(f64::total_cmp);
    let tail = (1.0 - confidence) / 2.0;
    let last = real(drawn.len().saturating_sub(1));
    let at = |share: f64| {
        let place = (0..drawn.len()).find(|place| real(*place) >= (share * last).round());
        place
            .and_then(|place| drawn.get(place))
            .copied()
            .unwrap_or(value)
    };
    // A figure at its bound, such as an AUC of 1, may lie outside of all that is drawn.
    Estimate {
        value,
        low: at(tail).min(value),
        high: at(1.0 - tail).max(value),
    }
}

/// The area under the curve alone, quickly.
///
/// # Errors
/// As of [`validate`].
pub fn auc(observations: &[Observation]) -> Result<f64, ValidationError> {
    let ranked = Ranked::new(observations)?;
    Ok(ranked.figures(&vec![1.0; observations.len()], 0.0).auc)
}
