//! Scorecards: points for each characteristic, summed to a score.
//!
//! An expert writes bands and points; a regression gives them by scaling ([`Scaling`]), fitted here ([`fit`]) or
//! imported as coefficients ([`Scorecard::of_coefficients`]). Higher is better. Every score tells its points by
//! characteristic, and where most points were lost.

#![expect(
    clippy::float_arithmetic,
    reason = "points and probabilities are statistics, not money"
)]

pub mod fit;
mod scaling;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::bands::{self, Band, BandError};
use super::training::{Answer, Answers, real};
pub use scaling::{Scaling, ScalingError, probability_of_default};

/// A scorecard, as it is stored, edited and run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scorecard {
    /// Points that everyone has.
    #[serde(default)]
    pub base_points: f64,
    pub characteristics: Vec<PointsTable>,
    /// What a score says of the odds; none for a scorecard of experts, which gives no probability.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scaling: Option<Scaling>,
    /// What happens to values that no band holds.
    pub missing: MissingRule,
}

/// The points of one characteristic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PointsTable {
    pub characteristic: String,
    /// Ranges in ascending order without gaps, or words; a band for missing values if there is one.
    pub bands: Vec<PointsBand>,
    /// The points of a customer of whom nothing is known either way; when not given, the mean of the bands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub neutral_points: Option<f64>,
    /// β of the regression behind the points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coefficient: Option<f64>,
}

/// The points of one band.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PointsBand {
    pub band: Band,
    pub points: f64,
    /// The weight of evidence behind the points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub woe: Option<f64>,
}

/// What a value is worth that is missing, or in no band, when its characteristic has no band for missing values. The
/// penalty is in points, at least 0; it is shown with the score, so that what is unknown never passes for a zero.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum MissingRule {
    /// As much as the worst band, less the penalty.
    WorstBand { penalty: f64 },
    /// The neutral points, less the penalty.
    Neutral { penalty: f64 },
    /// No score without it.
    Refuse,
}

/// A characteristic of a regression that was fitted elsewhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportedCharacteristic {
    pub characteristic: String,
    /// β, for odds good : bad: positive when higher weights are better.
    pub coefficient: f64,
    pub bands: Vec<WeighedBand>,
}

/// A band and its weight of evidence, ln(share of goods ÷ share of bads).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeighedBand {
    pub band: Band,
    pub woe: f64,
}

/// A score and how it came about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Score {
    pub score: f64,
    pub base_points: f64,
    /// ln(odds good : bad); none without a scaling, like the probability.
    pub log_odds: Option<f64>,
    /// 0 to 1.
    pub probability_of_default: Option<f64>,
    pub contributions: Vec<Contribution>,
}

/// What one characteristic gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contribution {
    pub characteristic: String,
    pub answer: Option<Answer>,
    pub basis: Basis,
    /// The band that gave the points, if one did.
    pub band: Option<Band>,
    pub points: f64,
    pub best_points: f64,
    pub neutral_points: f64,
}

/// How points came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// By the band that holds the value.
    Value,
    /// By the band for missing values.
    MissingBand,
    /// By the rule for missing values: there is none.
    Missing,
    /// By the rule for missing values: no band holds the value.
    Unknown,
}

/// Against what lost points are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Against {
    /// The best band: what could be had.
    Best,
    /// The neutral points: what speaks against the customer.
    Neutral,
}

/// A characteristic that cost points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReasonCode {
    pub characteristic: String,
    pub lost_points: f64,
    pub answer: Option<Answer>,
    pub basis: Basis,
}

/// What is wrong with a scorecard or with the values to score.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ScorecardError {
    #[error("there are no characteristics: give at least one")]
    NoCharacteristics,
    #[error("`{name}` is given twice: name each characteristic once")]
    Twice { name: String },
    #[error("characteristic `{name}`: {error}")]
    Bands { name: String, error: BandError },
    #[error("`{place}` must be a finite number of at most a million")]
    NotFinite { place: String },
    #[error("the penalty for missing values must be a number of at least 0, in points")]
    Penalty,
    #[error(transparent)]
    Scaling(#[from] ScalingError),
    #[error("`{name}` is missing and this scorecard gives no score without it")]
    Missing { name: String },
}

/// Points beyond this are a slip of the pen.
const POINTS_MAX: f64 = 1e6;

impl Scorecard {
    /// The scorecard of a regression: points = (β·WOE + β₀/n)·factor + offset/n for each band of n characteristics.
    ///
    /// # Errors
    /// When bands, coefficients or the scaling make no scorecard.
    pub fn of_coefficients(
        intercept: f64,
        characteristics: &[ImportedCharacteristic],
        scaling: Scaling,
        missing: MissingRule,
    ) -> Result<Scorecard, ScorecardError> {
        scaling.check()?;
        let count = real(characteristics.len().max(1));
        let points = |evidence: f64| {
            (evidence + intercept / count) * scaling.factor() + scaling.offset() / count
        };
        let table = |imported: &ImportedCharacteristic| PointsTable {
            characteristic: imported.characteristic.clone(),
            bands: (imported.bands.iter())
                .map(|weighed| PointsBand {
                    band: weighed.band.clone(),
                    points: points(imported.coefficient * weighed.woe),
                    woe: Some(weighed.woe),
                })
                .collect(),
            neutral_points: Some(points(0.0)),
            coefficient: Some(imported.coefficient),
        };
        let scorecard = Scorecard {
            base_points: 0.0,
            characteristics: characteristics.iter().map(table).collect(),
            scaling: Some(scaling),
            missing,
        };
        scorecard.check()?;
        Ok(scorecard)
    }

    /// Whether the scorecard can be run, however it was written.
    pub fn check(&self) -> Result<(), ScorecardError> {
        if self.characteristics.is_empty() {
            return Err(ScorecardError::NoCharacteristics);
        }
        let number = |place: &str, value: f64| {
            let place = place.to_owned();
            let right = value.abs() <= POINTS_MAX; // not so for NaN
            if right {
                Ok(())
            } else {
                Err(ScorecardError::NotFinite { place })
            }
        };
        number("base_points", self.base_points)?;
        let mut names = std::collections::BTreeSet::new();
        for table in &self.characteristics {
            let name = &table.characteristic;
            if !names.insert(name) {
                return Err(ScorecardError::Twice { name: name.clone() });
            }
            bands::check(table.bands.iter().map(|row| &row.band)).map_err(|error| {
                let name = name.clone();
                ScorecardError::Bands { name, error }
            })?;
            for row in &table.bands {
                number(&format!("{name}.points"), row.points)?;
                number(&format!("{name}.woe"), row.woe.unwrap_or_default())?;
            }
            number(
                &format!("{name}.neutral_points"),
                table.neutral_points.unwrap_or_default(),
            )?;
            number(
                &format!("{name}.coefficient"),
                table.coefficient.unwrap_or_default(),
            )?;
        }
        match self.missing {
            MissingRule::WorstBand { penalty } | MissingRule::Neutral { penalty }
                if !(0.0..=POINTS_MAX).contains(&penalty) =>
            {
                return Err(ScorecardError::Penalty);
            }
            _ => {}
        }
        Ok(self.scaling.as_ref().map_or(Ok(()), Scaling::check)?)
    }

    /// Scores one customer.
    ///
    /// # Errors
    /// A number that is not finite, or a missing value where the scorecard refuses to score without.
    pub fn score(&self, answers: &Answers) -> Result<Score, ScorecardError> {
        let mut contributions = Vec::with_capacity(self.characteristics.len());
        for table in &self.characteristics {
            contributions.push(table.contribution(answers, &self.missing)?);
        }
        let points = contributions.iter().map(|contribution| contribution.points);
        let score = self.base_points + points.sum::<f64>();
        let log_odds = self.scaling.as_ref().map(|scaling| scaling.log_odds(score));
        Ok(Score {
            score,
            base_points: self.base_points,
            log_odds,
            probability_of_default: log_odds.map(probability_of_default),
            contributions,
        })
    }
}

impl PointsTable {
    fn contribution(
        &self,
        answers: &Answers,
        missing: &MissingRule,
    ) -> Result<Contribution, ScorecardError> {
        let name = &self.characteristic;
        let answer = answers.get(name);
        if let Some(Answer::Number(value)) = answer
            && !value.is_finite()
        {
            return Err(ScorecardError::NotFinite {
                place: name.clone(),
            });
        }
        let holding =
            |answer: Option<&Answer>| self.bands.iter().find(|row| row.band.holds(answer));
        let (basis, row) = match (holding(answer), answer) {
            (Some(row), Some(_)) => (Basis::Value, Some(row)),
            (Some(row), None) => (Basis::MissingBand, Some(row)),
            (None, Some(_)) => (Basis::Unknown, None),
            (None, None) => (Basis::Missing, None),
        };
        let neutral_points = self.neutral();
        let points = match (row, missing) {
            (Some(row), _) => row.points,
            (None, MissingRule::WorstBand { penalty }) => self.worst() - penalty,
            (None, MissingRule::Neutral { penalty }) => neutral_points - penalty,
            (None, MissingRule::Refuse) => {
                return Err(ScorecardError::Missing { name: name.clone() });
            }
        };
        Ok(Contribution {
            characteristic: name.clone(),
            answer: answer.cloned(),
            basis,
            band: row.map(|row| row.band.clone()),
            points,
            best_points: self.points().fold(points, f64::max),
            neutral_points,
        })
    }

    fn points(&self) -> impl Iterator<Item = f64> {
        self.bands.iter().map(|row| row.points)
    }

    fn worst(&self) -> f64 {
        self.points().reduce(f64::min).unwrap_or_default()
    }

    fn neutral(&self) -> f64 {
        let mean = || self.points().sum::<f64>() / real(self.bands.len().max(1));
        self.neutral_points.unwrap_or_else(mean)
    }
}

impl Score {
    /// The characteristics that cost most points, at most so many, the costliest first.
    pub fn reason_codes(&self, against: Against, most: usize) -> Vec<ReasonCode> {
        let lost = |contribution: &Contribution| {
            let fair = match against {
                Against::Best => contribution.best_points,
                Against::Neutral => contribution.neutral_points,
            };
            let lost_points = fair - contribution.points;
            (lost_points > 0.0).then(|| ReasonCode {
                characteristic: contribution.characteristic.clone(),
                lost_points,
                answer: contribution.answer.clone(),
                basis: contribution.basis,
            })
        };
        let mut reasons: Vec<ReasonCode> = self.contributions.iter().filter_map(lost).collect();
        reasons.sort_by(|a, b| b.lost_points.total_cmp(&a.lost_points)); // stable: the model's order decides ties
        reasons.truncate(most);
        reasons
    }
}
