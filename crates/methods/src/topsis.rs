//! TOPSIS: how close a customer is to the best that there could be (Hwang and Yoon, 1981).
//!
//! Every criterion is weighed; the ideal has the best of each, the anti-ideal the worst, and a customer's closeness is
//! its distance from the worst as a share of both distances: 1 is the ideal itself, 0 the anti-ideal.
//!
//! The cohort mode takes best and worst from the customers that are compared: good for ranking a portfolio, but every
//! closeness changes when one customer comes or goes, and ranks may change with them (rank reversal). The anchored mode
//! takes them from the model: it scores one customer alone, and nobody else's.

#![expect(
    clippy::float_arithmetic,
    reason = "indicators, weights and distances are f64; money is not handled here"
)]

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::numbers::is_usable;

/// Weights may miss their sum of 1 by this much.
const SUM_TOLERANCE: f64 = 1e-6;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TopsisError {
    #[error("give at least one criterion")]
    NoCriteria,
    #[error("the criteria's weights must be from 0 to 1 with sum 1")]
    Weights,
    #[error("give each customer one value for each of the {criteria} criteria")]
    Shape { criteria: usize },
    #[error("customer {row}, {criterion}: must be a number between -10^15 and 10^15")]
    Value { row: usize, criterion: String },
    #[error("{criterion}: the worst and the best anchor must be two different numbers")]
    Anchors { criterion: String },
    #[error("a cohort needs at least two customers: score a single one against anchors")]
    TooFew,
    #[error("the customers do not differ in any criterion: there is no best and no worst of them")]
    AllAlike,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More is better: sales growth.
    Benefit,
    /// Less is better: days late.
    Cost,
}

/// What values are divided by before they are weighed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Normalisation {
    /// The root of the sum of the criterion's squares, so that units do not matter.
    #[default]
    Vector,
    /// Nothing: the values are on one scale already.
    None,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Criterion {
    pub code: String,
    /// Among all criteria, whose weights sum to 1.
    pub weight: f64,
    pub direction: Direction,
}

/// A ranked cohort: what it was measured by, and where each customer stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cohort {
    pub normalisation: Normalisation,
    pub frame: Vec<Measure>,
    /// In the order in which the customers were given.
    pub standings: Vec<Distance>,
}

/// One criterion as the cohort measures it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    pub code: String,
    pub weight: f64,
    pub direction: Direction,
    /// What values are divided by.
    pub divisor: f64,
    /// The best weighted value of the cohort: A⁺.
    pub best: f64,
    /// The worst: A⁻.
    pub worst: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Distance {
    /// D⁺, the distance to the ideal.
    pub to_best: f64,
    /// D⁻, the distance to the anti-ideal.
    pub to_worst: f64,
    /// D⁻ / (D⁺ + D⁻).
    pub closeness: f64,
    /// 1 is the closest to the ideal; equal closeness shares a rank.
    pub rank: usize,
}

/// What each criterion does to a customer's closeness.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    pub to_best: f64,
    pub to_worst: f64,
    pub closeness: f64,
    pub parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    pub code: String,
    pub value: f64,
    /// The value as it is compared: divided (or placed between its anchors) and weighed.
    pub weighted: f64,
    pub best: f64,
    pub worst: f64,
    /// How far from the best in this criterion.
    pub to_best: f64,
    pub to_worst: f64,
    /// The share of this criterion in the squared distance to the ideal: where the customer loses most.
    pub share_to_best: f64,
}

/// Ranks customers among each other.
///
/// `values` has one row for each customer, each with one value for each criterion, in one slice row after row.
/// rᵢⱼ = xᵢⱼ / √Σᵢ xᵢⱼ², vᵢⱼ = wⱼ rᵢⱼ, A⁺ and A⁻ the best and worst v of each criterion, D± the Euclidean distances,
/// C = D⁻ / (D⁺ + D⁻).
///
/// # Errors
/// When the shape or a number is wrong, or the customers are too few, or all alike.
pub fn rank_cohort(
    criteria: &[Criterion],
    values: &[f64],
    normalisation: Normalisation,
) -> Result<Cohort, TopsisError> {
    check_weights(criteria.iter().map(|criterion| criterion.weight))?;
    let columns = criteria.len();
    if !values.len().is_multiple_of(columns) {
        return Err(TopsisError::Shape { criteria: columns });
    }
    if values.len() < 2 * columns {
        return Err(TopsisError::TooFew);
    }
    check_values(criteria.iter().map(|criterion| &criterion.code), values)?;
    let frame = frame(criteria, values, normalisation);
    let mut standings = distances(&frame, values)?;
    set_ranks(&mut standings);
    Ok(Cohort {
        normalisation,
        frame,
        standings,
    })
}

impl Cohort {
    /// Why a customer stands where it stands; `values` are its own.
    ///
    /// # Errors
    /// When the values are not one number for each criterion.
    pub fn explain(&self, values: &[f64]) -> Result<Explanation, TopsisError> {
        let criteria = self.frame.len();
        if values.len() != criteria {
            return Err(TopsisError::Shape { criteria });
        }
        check_values(self.frame.iter().map(|measure| &measure.code), values)?;
        let parts = self.frame.iter().zip(values).map(|(measure, value)| {
            let weighted = value / measure.divisor * measure.weight;
            part(
                &measure.code,
                *value,
                weighted,
                (measure.best, measure.worst),
            )
        });
        explanation(parts.collect())
    }
}

/// A criterion with the values that count as worst and best in this model; the worst may be above the best.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnchoredCriterion {
    pub code: String,
    /// Among all criteria, whose weights sum to 1.
    pub weight: f64,
    pub worst: f64,
    pub best: f64,
}

/// Scores one customer against fixed anchors: r = (x − worst) / (best − worst), kept from 0 to 1, A⁺ = w, A⁻ = 0.
///
/// Example, with weights 0.277181, 0.160088, 0.467296, 0.095435 and anchors 0.5–2.5, −20–30, 60–0, 5–1: the values 2.0,
/// 12, 3, 2 lie at 0.75, 0.64, 0.95, 0.75; D⁺ 0.096117, D⁻ 0.505877, closeness 0.8403.
///
/// # Errors
/// When weights or anchors are wrong, or the values are not one number for each criterion.
pub fn score_anchored(
    criteria: &[AnchoredCriterion],
    values: &[f64],
) -> Result<Explanation, TopsisError> {
    check_weights(criteria.iter().map(|criterion| criterion.weight))?;
    if values.len() != criteria.len() {
        let criteria = criteria.len();
        return Err(TopsisError::Shape { criteria });
    }
    check_values(criteria.iter().map(|criterion| &criterion.code), values)?;
    let parts = criteria.iter().zip(values).map(|(criterion, value)| {
        let AnchoredCriterion {
            code,
            weight,
            worst,
            best,
        } = criterion;
        let both_in_range = is_usable(*worst) && is_usable(*best);
        let place = (value - worst) / (best - worst);
        if !both_in_range || !place.is_finite() {
            let criterion = code.clone();
            return Err(TopsisError::Anchors { criterion });
        }
        let weighted = weight * place.clamp(0.0, 1.0);
        Ok(part(code, *value, weighted, (*weight, 0.0)))
    });
    explanation(parts.collect::<Result<_, _>>()?)
}

fn check_weights(weights: impl ExactSizeIterator<Item = f64>) -> Result<(), TopsisError> {
    if weights.len() == 0 {
        return Err(TopsisError::NoCriteria);
    }
    let mut sum = 0.0;
    for weight in weights {
        if !(0.0..=1.0).contains(&weight) {
            return Err(TopsisError::Weights);
        }
        sum += weight;
    }
    if (sum - 1.0).abs() <= SUM_TOLERANCE {
        Ok(())
    } else {
        Err(TopsisError::Weights)
    }
}

fn check_values<'a>(
    codes: impl ExactSizeIterator<Item = &'a String> + Clone,
    values: &[f64],
) -> Result<(), TopsisError> {
    for (row, values) in values.chunks_exact(codes.len()).enumerate() {
        if values.iter().all(|value| is_usable(*value)) {
            continue;
        }
        let mut pairs = codes.clone().zip(values);
        let wrong = pairs.find(|(_, value)| !is_usable(**value));
        let criterion = wrong.map(|(code, _)| code.clone()).unwrap_or_default();
        return Err(TopsisError::Value { row, criterion });
    }
    Ok(())
}

fn frame(criteria: &[Criterion], values: &[f64], normalisation: Normalisation) -> Vec<Measure> {
    struct Column {
        squares: f64,
        lowest: f64,
        highest: f64,
    }
    let mut columns: Vec<Column> = criteria
        .iter()
        .map(|_| Column {
            squares: 0.0,
            lowest: f64::INFINITY,
            highest: f64::NEG_INFINITY,
        })
        .collect();
    for row in values.chunks_exact(criteria.len()) {
        for (column, value) in columns.iter_mut().zip(row) {
            column.squares += value * value;
            column.lowest = column.lowest.min(*value);
            column.highest = column.highest.max(*value);
        }
    }
    let measure = |(criterion, column): (&Criterion, Column)| {
        // A criterion in which everybody has 0 moves nobody, whatever it is divided by.
        let divisor = match normalisation {
            Normalisation::Vector if column.squares > 0.0 => column.squares.sqrt(),
            Normalisation::Vector | Normalisation::None => 1.0,
        };
        let weighted = |value: f64| value / divisor * criterion.weight;
        let (best, worst) = match criterion.direction {
            Direction::Benefit => (column.highest, column.lowest),
            Direction::Cost => (column.lowest, column.highest),
        };
        Measure {
            code: criterion.code.clone(),
            weight: criterion.weight,
            direction: criterion.direction,
            divisor,
            best: weighted(best),
            worst: weighted(worst),
        }
    };
    criteria.iter().zip(columns).map(measure).collect()
}

/// The distances of every customer, ranks still to be set.
fn distances(frame: &[Measure], values: &[f64]) -> Result<Vec<Distance>, TopsisError> {
    struct Axis {
        factor: f64,
        best: f64,
        worst: f64,
    }
    let axes: Vec<Axis> = frame
        .iter()
        .map(|measure| Axis {
            factor: measure.weight / measure.divisor,
            best: measure.best,
            worst: measure.worst,
        })
        .collect();
    values
        .chunks_exact(axes.len())
        .map(|row| {
            let (mut best, mut worst) = (0.0, 0.0);
            for (axis, value) in axes.iter().zip(row) {
                let weighted = value * axis.factor;
                best += (axis.best - weighted) * (axis.best - weighted);
                worst += (weighted - axis.worst) * (weighted - axis.worst);
            }
            standing(best.sqrt(), worst.sqrt())
        })
        .collect()
}

fn standing(to_best: f64, to_worst: f64) -> Result<Distance, TopsisError> {
    let closeness = to_worst / (to_best + to_worst);
    if !closeness.is_finite() {
        return Err(TopsisError::AllAlike);
    }
    Ok(Distance {
        to_best,
        to_worst,
        closeness,
        rank: 0,
    })
}

fn set_ranks(standings: &mut [Distance]) {
    // Closeness is never negative, so its bits are in its order, and whole numbers sort fast.
    let mut order: Vec<(u64, usize)> = standings
        .iter()
        .enumerate()
        .map(|(place, standing)| (!standing.closeness.to_bits(), place))
        .collect();
    order.sort_unstable();
    let (mut rank, mut level) = (0, None);
    for (position, (bits, place)) in order.into_iter().enumerate() {
        if level != Some(bits) {
            rank = position + 1;
            level = Some(bits);
        }
        if let Some(standing) = standings.get_mut(place) {
            standing.rank = rank;
        }
    }
}

fn part(code: &str, value: f64, weighted: f64, (best, worst): (f64, f64)) -> Part {
    Part {
        code: code.to_owned(),
        value,
        weighted,
        best,
        worst,
        to_best: (best - weighted).abs(),
        to_worst: (weighted - worst).abs(),
        share_to_best: 0.0,
    }
}

fn explanation(mut parts: Vec<Part>) -> Result<Explanation, TopsisError> {
    let squares = |of: fn(&Part) -> f64| parts.iter().map(|part| of(part).powi(2)).sum::<f64>();
    let best_squared = squares(|part| part.to_best);
    let found = standing(best_squared.sqrt(), squares(|part| part.to_worst).sqrt())?;
    if best_squared > 0.0 {
        for part in &mut parts {
            part.share_to_best = part.to_best.powi(2) / best_squared;
        }
    }
    Ok(Explanation {
        to_best: found.to_best,
        to_worst: found.to_worst,
        closeness: found.closeness,
        parts,
    })
}
