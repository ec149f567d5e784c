//! Scaling: what a score says of the odds.

#![expect(
    clippy::float_arithmetic,
    reason = "points and probabilities are statistics, not money"
)]

use std::f64::consts::LN_2;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A score scale: `base_score` stands for odds of `base_odds` good to one bad, and every `points_to_double` more double
/// them. Score = offset + factor · ln(odds), factor = points to double ÷ ln 2, offset = base score − factor · ln(base
/// odds). Example: 600 at 50 : 1 with 20 to double has factor 28.853901 and offset 487.122876; a probability of default
/// of 1% is 619.71.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scaling {
    pub points_to_double: f64,
    pub base_score: f64,
    pub base_odds: f64,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ScalingError {
    #[error("`points_to_double` must be above 0 and at most 10,000: more points are better odds")]
    PointsToDouble,
    #[error("`base_score` must lie between -100,000 and 100,000")]
    BaseScore,
    #[error("`base_odds` must lie between 0.000001 and 1,000,000, in goods to one bad")]
    BaseOdds,
}

impl Default for Scaling {
    fn default() -> Self {
        Scaling {
            points_to_double: 20.0,
            base_score: 600.0,
            base_odds: 50.0,
        }
    }
}

impl Scaling {
    pub fn check(&self) -> Result<(), ScalingError> {
        if !(1e-6..=10_000.0).contains(&self.points_to_double) {
            return Err(ScalingError::PointsToDouble);
        }
        if !(-100_000.0..=100_000.0).contains(&self.base_score) {
            return Err(ScalingError::BaseScore);
        }
        if !(1e-6..=1e6).contains(&self.base_odds) {
            return Err(ScalingError::BaseOdds);
        }
        Ok(())
    }

    /// Points for each unit of log-odds.
    pub fn factor(&self) -> f64 {
        self.points_to_double / LN_2
    }

    /// The score at even odds.
    pub fn offset(&self) -> f64 {
        self.base_score - self.factor() * self.base_odds.ln()
    }

    pub fn score(&self, log_odds: f64) -> f64 {
        self.offset() + self.factor() * log_odds
    }

    pub fn log_odds(&self, score: f64) -> f64 {
        (score - self.offset()) / self.factor()
    }
}

/// 1 ÷ (1 + odds), of ln(odds good : bad).
pub fn probability_of_default(log_odds: f64) -> f64 {
    1.0 / (1.0 + log_odds.exp())
}
