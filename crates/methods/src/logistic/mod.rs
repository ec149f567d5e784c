//! Logistic regression: how the odds of turning out well depend on the weights of evidence.
//!
//! ln(odds good : bad) = β₀ + Σ βⱼ·xⱼ. The coefficients maximise the likelihood less λ/2·Σ βⱼ² (ridge; the intercept
//! is free), found by Newton's method with halved steps, which for this model is iteratively reweighted least squares.
//! Standard errors and p-values (Wald) are those of the penalised fit, so with a strong ridge they are too small.

#![expect(
    clippy::float_arithmetic,
    reason = "coefficients are statistics, not money"
)]

mod normal;
#[cfg(test)]
mod tests;

use nalgebra::{Cholesky, DMatrix, DVector, Dyn};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::training::{Outcome, real};
use kernel::progress::{Progress, Stopped};
pub use normal::two_sided_p_value;

/// How the fit is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogisticSettings {
    /// λ, the strength of the penalty on coefficients, in units of the log-likelihood; 0 for none.
    pub ridge: f64,
    pub most_steps: usize,
    /// The fit has converged when no coefficient would move by more than this.
    pub tolerance: f64,
}

impl Default for LogisticSettings {
    fn default() -> Self {
        LogisticSettings {
            ridge: 1.0,
            most_steps: 50,
            tolerance: 1e-8,
        }
    }
}

/// One column of the regression, beside its name.
#[derive(Debug, Clone, Copy)]
pub struct Regressor<'a> {
    pub name: &'a str,
    pub values: &'a [f64],
}

/// A coefficient with its uncertainty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coefficient {
    pub name: String,
    pub value: f64,
    pub standard_error: f64,
    /// How probable so large a coefficient would be if the true one were 0.
    pub p_value: f64,
}

/// A fitted regression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogisticFit {
    pub intercept: Coefficient,
    pub coefficients: Vec<Coefficient>,
    /// Without the penalty.
    pub log_likelihood: f64,
    pub steps: Vec<Step>,
}

/// One step of the fit, so that its convergence can be seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Log-likelihood less the penalty, after the step.
    pub objective: f64,
    /// The largest move of a coefficient.
    pub moved: f64,
    /// How often the step had to be halved.
    pub halved: usize,
}

/// Why no regression could be fitted, and what to do.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum LogisticError {
    #[error("`{name}` has {found} values for {rows} outcomes: give one finite number for each row")]
    Malformed {
        name: String,
        found: usize,
        rows: usize,
    },
    #[error("{goods} good and {bads} bad customers: at least one of each is needed")]
    OneOutcome { goods: usize, bads: usize },
    #[error("`{setting}` must be a finite number of at least 0")]
    Setting { setting: &'static str },
    #[error(
        "`{name}` says nothing that the columns before it do not say: leave it out, or set a ridge above 0"
    )]
    Singular { name: String },
    #[error(
        "`{name}` separates good from bad customers perfectly, alone or with others: look whether it knows the outcome already, merge its bins, or set a ridge above 0"
    )]
    Separated { name: String },
    #[error(
        "no convergence after {steps} steps, a coefficient still moves by {moved:e}: allow more steps or a larger tolerance"
    )]
    NotConverged { steps: usize, moved: f64 },
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// No coefficient of weights of evidence comes near this by honest means.
const COEFFICIENT_MAX: f64 = 1e3;
/// A column whose part of its own is below this share of its square is a combination of the columns before.
const OWN_SHARE_MIN: f64 = 1e-10;
const HALVINGS_MAX: usize = 30;

/// Fits the probability of a good outcome.
///
/// # Errors
/// Malformed columns, columns that repeat each other, outcomes that are separated perfectly, or no convergence.
pub fn fit(
    regressors: &[Regressor<'_>],
    outcomes: &[Outcome],
    settings: &LogisticSettings,
) -> Result<LogisticFit, LogisticError> {
    fit_with_covariance(regressors, outcomes, settings, &Progress::default()).map(|(fit, _)| fit)
}

/// The fit, and the covariance of the coefficients, the intercept's first.
pub(super) fn fit_with_covariance(
    regressors: &[Regressor<'_>],
    outcomes: &[Outcome],
    settings: &LogisticSettings,
    progress: &Progress,
) -> Result<(LogisticFit, DMatrix<f64>), LogisticError> {
    check(regressors, outcomes, settings)?;
    let problem = Problem::new(regressors, outcomes, settings.ridge);
    let mut beta = problem.start();
    let mut steps: Vec<Step> = Vec::new();
    let mut at = problem.derivatives(&beta, progress)?;
    loop {
        let name = |column: usize| name_of(regressors, column);
        let curvature = factor(&at.curvature).map_err(|column| {
            let name = name(column);
            // At the start a column can only repeat others; later a flat likelihood means that odds run off.
            if steps.is_empty() {
                LogisticError::Singular { name }
            } else {
                LogisticError::Separated {
                    name: name_of(regressors, beta.rows_range(1..).iamax().saturating_add(1)),
                }
            }
        })?;
        let direction = curvature.solve(&at.gradient);
        let (next, halved) = problem.step(&beta, &direction, at.objective, progress)?;
        let moved = (&next - &beta).amax();
        beta = next;
        at = problem.derivatives(&beta, progress)?;
        let objective = at.objective;
        steps.push(Step {
            objective,
            moved,
            halved,
        });
        if beta.amax() > COEFFICIENT_MAX {
            let name = name(beta.iamax());
            return Err(LogisticError::Separated { name });
        }
        if moved <= settings.tolerance {
            break;
        }
        if steps.len() >= settings.most_steps {
            let steps = steps.len();
            return Err(LogisticError::NotConverged { steps, moved });
        }
    }
    // Without a penalty, every customer on the right side for certain is no maximum but a way to infinity.
    if settings.ridge <= 0.0 && at.log_likelihood > -1e-6 * real(outcomes.len()) {
        let name = name_of(regressors, beta.iamax());
        return Err(LogisticError::Separated { name });
    }
    report(regressors, &beta, at, steps)
}

fn check(
    regressors: &[Regressor<'_>],
    outcomes: &[Outcome],
    settings: &LogisticSettings,
) -> Result<(), LogisticError> {
    for (setting, value) in [("ridge", settings.ridge), ("tolerance", settings.tolerance)] {
        if !(value.is_finite() && value >= 0.0) {
            return Err(LogisticError::Setting { setting });
        }
    }
    let rows = outcomes.len();
    for Regressor { name, values } in regressors {
        if values.len() != rows || !values.iter().all(|value| value.is_finite()) {
            let (name, found) = ((*name).to_owned(), values.len());
            return Err(LogisticError::Malformed { name, found, rows });
        }
    }
    let bads = outcomes.iter().filter(|outcome| outcome.is_bad()).count();
    let goods = rows.saturating_sub(bads);
    if goods == 0 || bads == 0 {
        return Err(LogisticError::OneOutcome { goods, bads });
    }
    Ok(())
}

/// The name of a column, of which the first is the intercept.
fn name_of(regressors: &[Regressor<'_>], column: usize) -> String {
    let regressor = column
        .checked_sub(1)
        .and_then(|place| regressors.get(place));
    regressor.map_or_else(
        || "intercept".to_owned(),
        |regressor| regressor.name.to_owned(),
    )
}

/// The rows, each with a leading 1 for the intercept, one after another.
struct Problem {
    width: usize,
    rows: Vec<f64>,
    /// 1 for good, 0 for bad.
    goodness: Vec<f64>,
    ridge: f64,
}

/// Value and derivatives of what is maximised.
struct Derivatives {
    log_likelihood: f64,
    objective: f64,
    gradient: DVector<f64>,
    /// The negative second derivative: positive definite at a unique maximum.
    curvature: DMatrix<f64>,
}

impl Problem {
    fn new(regressors: &[Regressor<'_>], outcomes: &[Outcome], ridge: f64) -> Problem {
        let width = regressors.len().saturating_add(1);
        let mut rows = vec![1.0; width.saturating_mul(outcomes.len())];
        for (column, regressor) in (1..).zip(regressors) {
            let cells = rows.iter_mut().skip(column).step_by(width);
            cells
                .zip(regressor.values)
                .for_each(|(cell, value)| *cell = *value);
        }
        let goodness = outcomes.iter().map(|outcome| 1.0 - outcome.badness());
        Problem {
            width,
            rows,
            goodness: goodness.collect(),
            ridge,
        }
    }

    /// All coefficients 0, the intercept at the average odds.
    fn start(&self) -> DVector<f64> {
        let goods: f64 = self.goodness.iter().sum();
        let mut beta = DVector::zeros(self.width);
        if let Some(intercept) = beta.get_mut(0) {
            *intercept = (goods / (real(self.goodness.len()) - goods)).ln();
        }
        beta
    }

    fn each(&self) -> impl Iterator<Item = (&[f64], f64)> {
        self.rows
            .chunks_exact(self.width)
            .zip(self.goodness.iter().copied())
    }

    fn penalty(&self, beta: &DVector<f64>) -> f64 {
        let squares: f64 = beta.iter().skip(1).map(|value| value * value).sum();
        self.ridge / 2.0 * squares
    }

    fn objective(&self, beta: &DVector<f64>) -> f64 {
        let likelihood =
            |(row, good): (&[f64], f64)| log_likelihood(dot(row, beta.as_slice()), good);
        self.each().map(likelihood).sum::<f64>() - self.penalty(beta)
    }

    fn derivatives(
        &self,
        beta: &DVector<f64>,
        progress: &Progress,
    ) -> Result<Derivatives, Stopped> {
        let mut log_likelihood_sum = 0.0;
        let mut gradient = vec![0.0; self.width];
        let mut curvature = vec![0.0; self.width.saturating_mul(self.width)];
        for (row, good) in self.each() {
            progress.go_on()?;
            let log_odds = dot(row, beta.as_slice());
            let probability = 1.0 / (1.0 + (-log_odds).exp());
            log_likelihood_sum += log_likelihood(log_odds, good);
            let residual = good - probability;
            let weight = probability * (1.0 - probability);
            for (sum, value) in gradient.iter_mut().zip(row) {
                *sum += residual * value;
            }
            for (line, value) in curvature.chunks_exact_mut(self.width).zip(row) {
                let weighted = weight * value;
                for (sum, other) in line.iter_mut().zip(row) {
                    *sum += weighted * other;
                }
            }
        }
        let mut gradient = DVector::from_vec(gradient);
        let mut curvature = DMatrix::from_vec(self.width, self.width, curvature);
        for column in 1..self.width {
            if let (Some(slope), Some(value)) = (gradient.get_mut(column), beta.get(column)) {
                *slope -= self.ridge * value;
            }
            if let Some(diagonal) = curvature.get_mut((column, column)) {
                *diagonal += self.ridge;
            }
        }
        Ok(Derivatives {
            log_likelihood: log_likelihood_sum,
            objective: log_likelihood_sum - self.penalty(beta),
            gradient,
            curvature,
        })
    }

    /// The full step, or as much of it as does not lose.
    fn step(
        &self,
        beta: &DVector<f64>,
        direction: &DVector<f64>,
        objective: f64,
        progress: &Progress,
    ) -> Result<(DVector<f64>, usize), Stopped> {
        let mut size = 1.0;
        for halved in 0..HALVINGS_MAX {
            progress.go_on()?;
            let next = beta + direction * size;
            // Rounding of the sum must not stop the last steps.
            if self.objective(&next) >= objective - 1e-12 * objective.abs() {
                return Ok((next, halved));
            }
            size /= 2.0;
        }
        Ok((beta.clone(), HALVINGS_MAX))
    }
}

fn dot(row: &[f64], beta: &[f64]) -> f64 {
    row.iter().zip(beta).map(|(x, b)| x * b).sum()
}

/// ln of the probability of what happened, without overflow for any log-odds.
fn log_likelihood(log_odds: f64, good: f64) -> f64 {
    let towards = if good > 0.5 { log_odds } else { -log_odds };
    towards.min(0.0) - (-towards.abs()).exp().ln_1p()
}

/// Cholesky's factor, or the first column that is a combination of those before it.
fn factor(matrix: &DMatrix<f64>) -> Result<Cholesky<f64, Dyn>, usize> {
    let dependent = |size: usize| {
        let part = matrix.view((0, 0), (size, size)).into_owned();
        let diagonal = part.diagonal();
        Cholesky::new(part).is_none_or(|cholesky| {
            let own = cholesky.l_dirty().diagonal();
            let shares = own.iter().zip(diagonal.iter());
            let mut shares = shares.map(|(own, all)| own * own / all);
            shares.any(|share| share.is_nan() || share <= OWN_SHARE_MIN)
        })
    };
    if dependent(matrix.nrows()) {
        // Who depends on columns before it does so whatever follows: the first is found by halving.
        let (mut free, mut bound) = (0, matrix.nrows());
        while bound.saturating_sub(free) > 1 {
            let middle = usize::midpoint(free, bound);
            if dependent(middle) {
                bound = middle;
            } else {
                free = middle;
            }
        }
        return Err(free);
    }
    Cholesky::new(matrix.clone()).ok_or(0)
}

fn report(
    regressors: &[Regressor<'_>],
    beta: &DVector<f64>,
    at: Derivatives,
    steps: Vec<Step>,
) -> Result<(LogisticFit, DMatrix<f64>), LogisticError> {
    let covariance = factor(&at.curvature)
        .map_err(|column| LogisticError::Singular {
            name: name_of(regressors, column),
        })?
        .inverse();
    let mut coefficients: Vec<Coefficient> = beta
        .iter()
        .zip(covariance.diagonal().iter())
        .enumerate()
        .map(|(column, (value, variance))| {
            let standard_error = variance.max(0.0).sqrt();
            Coefficient {
                name: name_of(regressors, column),
                value: *value,
                standard_error,
                p_value: two_sided_p_value(value / standard_error.max(f64::MIN_POSITIVE)),
            }
        })
        .collect();
    let intercept = coefficients.remove(0);
    let fit = LogisticFit {
        intercept,
        coefficients,
        log_likelihood: at.log_likelihood,
        steps,
    };
    Ok((fit, covariance))
}
