//! Fitting a scorecard: bin every characteristic, select, regress, scale.
//!
//! Characteristics leave for having too little (or suspiciously much) information, for repeating a stronger one, for
//! a coefficient of the wrong sign, or for none that differs from 0. Each one's fate is told.

#![expect(
    clippy::float_arithmetic,
    reason = "coefficients are statistics, not money"
)]

use std::collections::BTreeMap;

use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{ImportedCharacteristic, MissingRule, Scaling, Scorecard, ScorecardError, WeighedBand};
use crate::bands::Band;
use crate::binning::{Binning, BinningSettings, Trend, bin};
use crate::logistic::{self, LogisticError, LogisticFit, LogisticSettings, Regressor};
use crate::training::{TrainingSet, real};
use kernel::progress::{Progress, Stopped};

/// What is demanded of a scorecard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FitSettings {
    pub binning: BinningSettings,
    /// Trends that are known of single characteristics.
    pub trends: BTreeMap<String, Trend>,
    pub least_information_value: f64,
    /// Above this a characteristic is left out as suspicious; none keeps all.
    pub most_information_value: Option<f64>,
    /// Of two whose weights correlate more than this (either way), the weaker is left out. 0 to 1.
    pub most_correlation: f64,
    /// Variance inflation: 1 ÷ (1 − R²) of a characteristic explained by the others.
    pub most_variance_inflation: f64,
    /// A coefficient that differs from 0 less surely is left out; none keeps all.
    pub most_p_value: Option<f64>,
    pub logistic: LogisticSettings,
    pub scaling: Scaling,
    pub missing: MissingRule,
}

impl Default for FitSettings {
    fn default() -> Self {
        FitSettings {
            binning: BinningSettings::default(),
            trends: BTreeMap::new(),
            least_information_value: 0.02,
            most_information_value: None,
            most_correlation: 0.9,
            most_variance_inflation: 10.0,
            most_p_value: Some(0.3),
            logistic: LogisticSettings::default(),
            scaling: Scaling::default(),
            missing: MissingRule::WorstBand { penalty: 0.0 },
        }
    }
}

/// A fitted scorecard with the report of its making.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScorecardFit {
    pub scorecard: Scorecard,
    pub regression: LogisticFit,
    /// Every characteristic of the training set, by falling information value.
    pub candidates: Vec<Candidate>,
}

/// A characteristic with its bins and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    pub binning: Binning,
    pub fate: Fate,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fate {
    StoredResponse,
    TooWeak,
    Suspicious,
    Repeats { other: String, correlation: f64 },
    Inflated { variance_inflation: f64 },
    WrongSign { coefficient: f64 },
    NotSignificant { p_value: f64 },
}

#[derive(Debug, Clone, PartialEq, Error)]
pub enum FitError {
    #[error(
        "no characteristic is left (see why each one left in `candidates`): give others, or demand less"
    )]
    NothingLeft { candidates: Vec<Candidate> },
    #[error("`{setting}` is out of its range: {range}")]
    Setting {
        setting: &'static str,
        range: &'static str,
    },
    #[error(transparent)]
    Logistic(#[from] LogisticError),
    #[error(transparent)]
    Scorecard(#[from] ScorecardError),
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl FitSettings {
    fn check(&self) -> Result<(), FitError> {
        let binning = &self.binning;
        let demands: [(&'static str, bool, &'static str); 8] = [
            (
                "fine_bins",
                (2..=100).contains(&binning.fine_bins),
                "2 to 100",
            ),
            (
                "most_bins",
                (2..=50).contains(&binning.most_bins),
                "2 to 50",
            ),
            (
                "least_share",
                (0.0..=0.5).contains(&binning.least_share),
                "0 to 0.5",
            ),
            (
                "least_chi_square",
                (0.0..=1e6).contains(&binning.least_chi_square),
                "0 to a million",
            ),
            (
                "least_information_value",
                (0.0..=10.0).contains(&self.least_information_value),
                "0 to 10",
            ),
            (
                "most_correlation",
                (0.0..=1.0).contains(&self.most_correlation),
                "0 to 1",
            ),
            (
                "most_variance_inflation",
                (1.0..=1e9).contains(&self.most_variance_inflation),
                "1 to 1e9",
            ),
            (
                "most_p_value",
                self.most_p_value.is_none_or(|p| (0.0..=1.0).contains(&p)),
                "0 to 1",
            ),
        ];
        let wrong = demands.iter().find(|(_, right, _)| !right);
        wrong.map_or(Ok(()), |(setting, _, range)| {
            Err(FitError::Setting { setting, range })
        })
    }
}

/// A candidate on its way, with the weight of evidence of every row.
struct Selected {
    /// Its place among the candidates.
    place: usize,
    weights: Vec<f64>,
}

/// Fits a scorecard.
///
/// # Errors
/// When nothing is left to regress on, the regression fails, or it is told to stop.
pub fn fit(
    training: &TrainingSet,
    settings: &FitSettings,
    progress: &Progress,
) -> Result<ScorecardFit, FitError> {
    settings.check()?;
    settings.scaling.check().map_err(ScorecardError::from)?;
    let (mut candidates, mut selected) = bin_all(training, settings, progress)?;
    leave_out_repeats(&mut candidates, &mut selected, settings, progress)?;
    let regression = loop {
        if selected.is_empty() {
            return Err(FitError::NothingLeft { candidates });
        }
        let regressors: Vec<Regressor<'_>> = selected
            .iter()
            .filter_map(|one| {
                let name = &candidates.get(one.place)?.binning.characteristic;
                Some(Regressor {
                    name,
                    values: &one.weights,
                })
            })
            .collect();
        let (regression, covariance) = logistic::fit_with_covariance(
            &regressors,
            training.outcomes(),
            &settings.logistic,
            progress,
        )?;
        let misfits = misfits(&regression, covariance, settings);
        if misfits.is_empty() {
            break regression;
        }
        for (place, fate) in misfits {
            let left = selected.remove(place);
            if let Some(candidate) = candidates.get_mut(left.place) {
                candidate.fate = fate;
            }
        }
    };
    let kept = candidates
        .iter()
        .filter(|candidate| candidate.fate == Fate::StoredResponse);
    let imported = |(candidate, coefficient): (&Candidate, &logistic::Coefficient)| {
        let bins = candidate.binning.bins.iter();
        let bands = bins.map(|bin| WeighedBand {
            band: bin.band.clone(),
            woe: bin.woe,
        });
        ImportedCharacteristic {
            characteristic: coefficient.name.clone(),
            coefficient: coefficient.value,
            bands: with_values(bands.collect()),
        }
    };
    let characteristics: Vec<ImportedCharacteristic> =
        kept.zip(&regression.coefficients).map(imported).collect();
    let intercept = regression.intercept.value;
    let (scaling, missing) = (settings.scaling.clone(), settings.missing.clone());
    let scorecard = Scorecard::of_coefficients(intercept, &characteristics, scaling, missing)?;
    Ok(ScorecardFit {
        scorecard,
        regression,
        candidates,
    })
}

/// Bands of which only missing values were seen get an open range of no evidence beside.
fn with_values(mut bands: Vec<WeighedBand>) -> Vec<WeighedBand> {
    if bands.iter().all(|weighed| weighed.band == Band::Missing) {
        let band = Band::Range {
            from: None,
            below: None,
        };
        bands.insert(0, WeighedBand { band, woe: 0.0 });
    }
    bands
}

/// All binnings by falling information value, and those that have enough of it.
fn bin_all(
    training: &TrainingSet,
    settings: &FitSettings,
    progress: &Progress,
) -> Result<(Vec<Candidate>, Vec<Selected>), Stopped> {
    let mut binned: Vec<(Binning, usize)> = Vec::new();
    for (column, characteristic) in training.characteristics().iter().enumerate() {
        progress.go_on()?;
        let mut own = settings.binning.clone();
        if let Some(trend) = settings.trends.get(&characteristic.name) {
            own.trend = *trend;
        }
        binned.push((bin(characteristic, training.outcomes(), &own), column));
    }
    binned.sort_by(|(a, _), (b, _)| b.information_value.total_cmp(&a.information_value));
    let mut selected = Vec::new();
    let mut candidates = Vec::new();
    for (place, (binning, column)) in binned.into_iter().enumerate() {
        let value = binning.information_value;
        let fate = if value < settings.least_information_value || binning.bins.len() < 2 {
            Fate::TooWeak
        } else if settings
            .most_information_value
            .is_some_and(|most| value > most)
        {
            Fate::Suspicious
        } else {
            if let Some(characteristic) = training.characteristics().get(column) {
                let weights = binning.weights(&characteristic.values);
                selected.push(Selected { place, weights });
            }
            Fate::StoredResponse
        };
        candidates.push(Candidate { binning, fate });
    }
    Ok((candidates, selected))
}

/// Leaves out what repeats a stronger characteristic, then, one after another, what the others explain.
fn leave_out_repeats(
    candidates: &mut [Candidate],
    selected: &mut Vec<Selected>,
    settings: &FitSettings,
    progress: &Progress,
) -> Result<(), Stopped> {
    let correlations = correlations(selected, progress)?;
    let between = |a: usize, b: usize| correlations.get((a, b)).copied().unwrap_or_default();
    let mut kept: Vec<usize> = Vec::new();
    let mut fates: BTreeMap<usize, Fate> = BTreeMap::new();
    for one in 0..selected.len() {
        let repeated = kept
            .iter()
            .find(|other| between(one, **other).abs() > settings.most_correlation);
        match repeated.and_then(|other| Some((*other, selected.get(*other)?))) {
            Some((other, stronger)) => {
                let name = candidates
                    .get(stronger.place)
                    .map(|c| c.binning.characteristic.clone());
                let (other, correlation) = (name.unwrap_or_default(), between(one, other));
                fates.insert(one, Fate::Repeats { other, correlation });
            }
            None => kept.push(one),
        }
    }
    while kept.len() > 1 {
        progress.go_on()?;
        let Some((leaves, variance_inflation)) = most_inflated(&correlations, &kept) else {
            break;
        };
        if variance_inflation <= settings.most_variance_inflation {
            break;
        }
        fates.insert(kept.remove(leaves), Fate::Inflated { variance_inflation });
    }
    for (one, fate) in fates.into_iter().rev() {
        let left = selected.remove(one);
        if let Some(candidate) = candidates.get_mut(left.place) {
            candidate.fate = fate;
        }
    }
    Ok(())
}

/// Pearson's correlations of the weights.
fn correlations(selected: &[Selected], progress: &Progress) -> Result<DMatrix<f64>, Stopped> {
    let standardised: Vec<Vec<f64>> = selected
        .iter()
        .map(|one| {
            let mean = one.weights.iter().sum::<f64>() / real(one.weights.len().max(1));
            let squares: f64 = one.weights.iter().map(|w| (w - mean).powi(2)).sum();
            let norm = squares.sqrt().max(f64::MIN_POSITIVE);
            one.weights.iter().map(|w| (w - mean) / norm).collect()
        })
        .collect();
    let product = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    let size = selected.len();
    let mut matrix = DMatrix::identity(size, size);
    for (row, a) in standardised.iter().enumerate() {
        for (column, b) in standardised.iter().enumerate().take(row) {
            progress.go_on()?;
            let value = product(a, b);
            for cell in [(row, column), (column, row)] {
                if let Some(cell) = matrix.get_mut(cell) {
                    *cell = value;
                }
            }
        }
    }
    Ok(matrix)
}

/// The place in `kept` of the one most explained by the others, and its variance inflation: the diagonal of the inverse
/// correlations.
fn most_inflated(correlations: &DMatrix<f64>, kept: &[usize]) -> Option<(usize, f64)> {
    let part = correlations.select_rows(kept).select_columns(kept);
    let Some(inverse) = part.cholesky().map(|cholesky| cholesky.inverse()) else {
        // Not even invertible: the weakest goes.
        return Some((kept.len().checked_sub(1)?, f64::MAX));
    };
    let diagonal = inverse.diagonal();
    let (place, inflation) = diagonal.argmax();
    Some((place, inflation))
}

/// The coefficients that do not belong, one after another: the most negative (a better weight must not cost points),
/// then the least sure. Each is the place among those still there.
///
/// What the others become without one is taken from their covariance instead of another fit (J. F. Lawless & K. Singhal
/// 1978); who is left is fitted and judged again.
fn misfits(
    regression: &LogisticFit,
    mut covariance: DMatrix<f64>,
    settings: &FitSettings,
) -> Vec<(usize, Fate)> {
    let coefficients = regression
        .coefficients
        .iter()
        .map(|coefficient| coefficient.value);
    let beta = std::iter::once(regression.intercept.value).chain(coefficients);
    let mut beta = DVector::from_iterator(covariance.nrows(), beta);
    let mut misfits = Vec::new();
    while let Some((place, fate)) = misfit(&beta, &covariance, settings) {
        misfits.push((place, fate));
        let row = place.saturating_add(1); // after the intercept
        let variance = covariance.get((row, row)).copied().unwrap_or_default();
        let value = beta.get(row).copied().unwrap_or_default();
        if variance <= 0.0 {
            break;
        }
        let shared = covariance.column(row).into_owned();
        beta -= &shared * (value / variance);
        covariance -= &shared * shared.transpose() / variance;
        beta = beta.remove_row(row);
        covariance = covariance.remove_row(row).remove_column(row);
    }
    misfits
}

fn misfit(
    beta: &DVector<f64>,
    covariance: &DMatrix<f64>,
    settings: &FitSettings,
) -> Option<(usize, Fate)> {
    let values = || beta.iter().copied().skip(1).enumerate();
    let (place, coefficient) = values().min_by(|(_, a), (_, b)| a.total_cmp(b))?;
    if coefficient <= 0.0 {
        return Some((place, Fate::WrongSign { coefficient }));
    }
    let variances = covariance.diagonal();
    let z = values()
        .zip(variances.iter().skip(1))
        .map(|((place, value), variance)| (place, value / variance.max(f64::MIN_POSITIVE).sqrt()));
    let (place, least) = z.min_by(|(_, a), (_, b)| a.total_cmp(b))?;
    let p_value = logistic::two_sided_p_value(least);
    let unsure = settings.most_p_value.is_some_and(|most| p_value > most);
    unsure.then_some((place, Fate::NotSignificant { p_value }))
}
