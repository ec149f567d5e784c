//! Weights from pairwise judgements: the analytic hierarchy process (T. L. Saaty, The Analytic Hierarchy Process, 1980).
//!
//! Experts say for each two criteria how much more important one is than the other, on a scale from 1 (equal) to 9
//! (absolutely more). The weights are the principal eigenvector of that matrix, and the consistency ratio says whether
//! the judgements fit together: who says A is twice B and B is twice C should not say that C is as important as A.

#![expect(
    clippy::float_arithmetic,
    reason = "weights and judgements are f64; money is not handled here"
)]

mod group;
mod hierarchy;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use group::{
    Expert, ExpertOpinion, GroupError, GroupPriorities, JudgementSpread, geometric_mean,
    group_priorities,
};
pub use hierarchy::{
    Criterion, Flip, HierarchyError, LeafShift, LeafWeight, Sensitivity, Shift, global_weights,
    ranking_flip, sensitivity, weights_at,
};

use super::numbers::of_count;

/// The most criteria that are compared in one matrix; random indices are published up to here.
pub const SIZE_MAX: usize = 15;

/// The largest judgement. Saaty's scale ends at 9; some houses go further.
pub const JUDGEMENT_MAX: f64 = 100.0;

/// How far the product of two opposite judgements may be from 1: 3 and 0.33 are opposite, 3 and 0.3 are not.
pub const RECIPROCITY_TOLERANCE: f64 = 0.05;

/// The eigenvector is found when no weight moves by more than this.
const SETTLED: f64 = 1e-14;

/// Judgements of the worst kind take some two thousand rounds, ordinary ones about twenty.
const ROUNDS_MAX: usize = 20_000;

/// What is wrong with a matrix of judgements. Rows and columns are counted from 0.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MatrixError {
    #[error("compares {size} criteria: compare 1 to 15, and group them when there are more")]
    Size { size: usize },
    #[error("row {row} has {columns} judgements, not {size}: the matrix must be square")]
    NotSquare {
        row: usize,
        columns: usize,
        size: usize,
    },
    #[error(
        "the judgement in row {row}, column {column} must be a number above 0, from 1/100 to 100"
    )]
    OutOfRange { row: usize, column: usize },
    #[error("a criterion is as important as itself: row {row}, column {row} must be 1")]
    Diagonal { row: usize },
    #[error(
        "the judgements in row {row}, column {column} and in row {column}, column {row} must be each other's reciprocal"
    )]
    NotReciprocal { row: usize, column: usize },
    #[error("{size} criteria need {needed} judgements above the diagonal, {given} are given")]
    UpperTriangle {
        size: usize,
        needed: usize,
        given: usize,
    },
    #[error("the limit of the consistency ratio must be from 0 to 1, such as 0.10")]
    Limit,
    #[error(
        "the judgements contradict each other so much that no weights can be found: revise them"
    )]
    NotSettled,
}

/// Judgements of each criterion over each other one: `rows[i][j]` is how much more important i is than j.
///
/// A matrix that exists is square, positive and reciprocal. Of two opposite judgements the larger one counts and the
/// smaller one is worked out from it, so that 0.33 stands for one third.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Vec<f64>>", into = "Vec<Vec<f64>>")]
pub struct PairwiseMatrix {
    rows: Vec<Vec<f64>>,
}

impl TryFrom<Vec<Vec<f64>>> for PairwiseMatrix {
    type Error = MatrixError;

    fn try_from(rows: Vec<Vec<f64>>) -> Result<Self, MatrixError> {
        PairwiseMatrix::new(rows)
    }
}

impl From<PairwiseMatrix> for Vec<Vec<f64>> {
    fn from(matrix: PairwiseMatrix) -> Vec<Vec<f64>> {
        matrix.rows
    }
}

impl PairwiseMatrix {
    /// A matrix from all its rows.
    ///
    /// # Errors
    /// When it is not square with 1 to 15 rows, or not positive, or not reciprocal within the tolerance.
    pub fn new(mut rows: Vec<Vec<f64>>) -> Result<PairwiseMatrix, MatrixError> {
        let size = rows.len();
        check_size(size)?;
        for (row, judgements) in rows.iter().enumerate() {
            let columns = judgements.len();
            if columns != size {
                return Err(MatrixError::NotSquare { row, columns, size });
            }
            for (column, judgement) in judgements.iter().enumerate() {
                check_judgement(*judgement, row, column)?;
            }
        }
        let opposite: Vec<Vec<f64>> = (0..size).map(|i| column_of(&rows, i)).collect();
        for (row, (judgements, opposites)) in rows.iter_mut().zip(opposite).enumerate() {
            for (column, (judgement, opposite)) in judgements.iter_mut().zip(opposites).enumerate()
            {
                if (*judgement * opposite - 1.0).abs() > RECIPROCITY_TOLERANCE {
                    return Err(if row == column {
                        MatrixError::Diagonal { row }
                    } else {
                        MatrixError::NotReciprocal { row, column }
                    });
                }
                if row == column {
                    *judgement = 1.0;
                } else if opposite > *judgement {
                    *judgement = 1.0 / opposite;
                }
            }
        }
        Ok(PairwiseMatrix { rows })
    }

    /// A matrix from the judgements above its diagonal, row by row: for three criteria 1 over 2, 1 over 3, 2 over 3.
    ///
    /// # Errors
    /// When the judgements are too many, too few, or not positive.
    pub fn from_upper_triangle(
        size: usize,
        judgements: &[f64],
    ) -> Result<PairwiseMatrix, MatrixError> {
        check_size(size)?;
        let needed = size * (size - 1) / 2;
        let given = judgements.len();
        if given != needed {
            return Err(MatrixError::UpperTriangle {
                size,
                needed,
                given,
            });
        }
        let mut rows = vec![vec![1.0; size]; size];
        for ((row, column), judgement) in pairs(size).zip(judgements) {
            check_pair(*judgement, row, column)?;
            put(&mut rows, row, column, *judgement);
        }
        Ok(PairwiseMatrix { rows })
    }

    pub fn size(&self) -> usize {
        self.rows.len()
    }

    pub fn rows(&self) -> &[Vec<f64>] {
        &self.rows
    }

    /// The same matrix with one judgement, and its opposite, replaced.
    ///
    /// # Errors
    /// When there is no such pair, or the judgement is not positive.
    pub fn with_judgement(
        &self,
        row: usize,
        column: usize,
        judgement: f64,
    ) -> Result<PairwiseMatrix, MatrixError> {
        check_pair(judgement, row, column)?;
        if row == column || row >= self.size() || column >= self.size() {
            return Err(MatrixError::OutOfRange { row, column });
        }
        let mut rows = self.rows.clone();
        put(&mut rows, row, column, judgement);
        Ok(PairwiseMatrix { rows })
    }

    /// The weights that the judgements amount to, and whether they fit together.
    ///
    /// The weights w are the principal eigenvector by power iteration, in the criteria's order, with sum 1;
    /// λmax = mean of (A·w)ᵢ / wᵢ, CI = (λmax − n)/(n − 1), CR = CI / RI(n). Two criteria can't contradict each other:
    /// their CR is 0.
    ///
    /// Example: rows 1, 2, 1/2, 3; 1/2, 1, 1/3, 2; 2, 3, 1, 4; 1/3, 1/2, 1/4, 1 give 0.277181, 0.160088, 0.467296,
    /// 0.095435 with λmax 4.030983 and, by Saaty's table, CR 0.011475.
    ///
    /// # Errors
    /// When the gate's limit is none, or no weights can be found.
    pub fn priorities(&self, gate: Gate) -> Result<Priorities, MatrixError> {
        if !(0.0..=1.0).contains(&gate.limit) {
            return Err(MatrixError::Limit);
        }
        let weights = principal_eigenvector(&self.rows)?;
        let consistency = self.consistency(&weights, gate);
        let revision = match consistency.verdict {
            Verdict::Accept => None,
            Verdict::Revise => self.revision(&weights, gate)?,
        };
        Ok(Priorities {
            weights,
            consistency,
            revision,
        })
    }

    fn consistency(&self, weights: &[f64], gate: Gate) -> Consistency {
        let size = self.size();
        let order = of_count(size);
        let stretched = times(&self.rows, weights);
        let lambda_max = stretched
            .iter()
            .zip(weights)
            .map(|(stretched, weight)| stretched / weight)
            .sum::<f64>()
            / order;
        let random_index = gate.table.random_index(size);
        // λmax is never below n; what rounding takes off is no consistency better than perfect.
        let (index, ratio) = if size <= 2 {
            (0.0, 0.0)
        } else {
            let index = ((lambda_max - order) / (order - 1.0)).max(0.0);
            (index, index / random_index)
        };
        let verdict = if ratio < gate.limit || size <= 2 {
            Verdict::Accept
        } else {
            Verdict::Revise
        };
        Consistency {
            lambda_max,
            index,
            table: gate.table,
            random_index,
            ratio,
            limit: gate.limit,
            verdict,
        }
    }

    /// The judgement that is farthest from what the weights say, as a factor.
    fn revision(&self, weights: &[f64], gate: Gate) -> Result<Option<Revision>, MatrixError> {
        let factor_at = |(row, column): (usize, usize)| {
            let given = at(&self.rows, row, column);
            let by_weights = weight(weights, row) / weight(weights, column);
            (given / by_weights).max(by_weights / given)
        };
        let farthest = pairs(self.size())
            .map(|pair| (pair, factor_at(pair)))
            .reduce(|worst, other| if other.1 > worst.1 { other } else { worst });
        let Some(((row, column), factor)) = farthest else {
            return Ok(None);
        };
        let fitting = self.implied(row, column)?;
        let revised = self.with_judgement(row, column, fitting)?;
        let weights = principal_eigenvector(&revised.rows)?;
        Ok(Some(Revision {
            row,
            column,
            given: at(&self.rows, row, column),
            factor,
            fitting,
            ratio_after: revised.consistency(&weights, gate).ratio,
        }))
    }

    /// What all other judgements say about a pair: the ratio of the weights when this judgement is left out (P. T.
    /// Harker, Alternative modes of questioning in the analytic hierarchy process, 1987).
    fn implied(&self, row: usize, column: usize) -> Result<f64, MatrixError> {
        let mut rows = self.rows.clone();
        let without = [
            (row, column, 0.0),
            (column, row, 0.0),
            (row, row, 2.0),
            (column, column, 2.0),
        ];
        for (row, column, judgement) in without {
            if let Some(cell) = rows.get_mut(row).and_then(|row| row.get_mut(column)) {
                *cell = judgement;
            }
        }
        let weights = principal_eigenvector(&rows)?;
        let implied = weight(&weights, row) / weight(&weights, column);
        Ok(implied.clamp(1.0 / JUDGEMENT_MAX, JUDGEMENT_MAX))
    }
}

/// Weights with the check of the judgements that they come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Priorities {
    /// In the criteria's order, with sum 1.
    pub weights: Vec<f64>,
    pub consistency: Consistency,
    /// What to think over first, when the judgements are to be revised.
    pub revision: Option<Revision>,
}

/// How well judgements fit together, with every figure that leads to the verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Consistency {
    /// The principal eigenvalue: the number of criteria when the judgements fit perfectly, else more.
    pub lambda_max: f64,
    /// CI = (λmax − n)/(n − 1).
    pub index: f64,
    pub table: RandomIndexTable,
    /// RI(n): the mean CI of random judgements.
    pub random_index: f64,
    /// CR = CI / RI(n).
    pub ratio: f64,
    /// The ratio from which on judgements are revised.
    pub limit: f64,
    pub verdict: Verdict,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Accept,
    Revise,
}

/// The judgement that deviates most from the ratio of the two weights, and what would fit there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Revision {
    /// Counted from 0, above the diagonal: `row` was judged over `column`.
    pub row: usize,
    pub column: usize,
    pub given: f64,
    /// How many times it is above or below the ratio of the two weights: at least 1.
    pub factor: f64,
    /// What all other judgements say about this pair.
    pub fitting: f64,
    /// The consistency ratio with that one judgement replaced.
    pub ratio_after: f64,
}

/// When judgements are accepted: their ratio must be below the limit, by the table that is named.
///
/// Saaty's limit is 0.10; stricter houses take 0.05 for three criteria and 0.08 for four.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    pub table: RandomIndexTable,
    pub limit: f64,
}

impl Default for Gate {
    fn default() -> Gate {
        Gate {
            table: RandomIndexTable::Saaty,
            limit: 0.10,
        }
    }
}

/// Which published random indices divide the consistency index. A ratio means nothing without its table's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RandomIndexTable {
    /// T. L. Saaty, The Analytic Hierarchy Process, 1980. The dip at 12 is in the original.
    Saaty,
    /// T. L. Saaty, Theory and Applications of the Analytic Network Process, 2005.
    Saaty2005,
    /// J. A. Alonso and M. T. Lamata, Consistency in the analytic hierarchy process: a new approach, 2006; 100,000
    /// matrices of each size.
    AlonsoLamata2006,
}

impl RandomIndexTable {
    /// The mean consistency index of random judgements on 1 to 15 criteria; beyond, that of 15.
    pub fn random_index(self, size: usize) -> f64 {
        let values = self.values();
        let place = size.saturating_sub(1).min(SIZE_MAX - 1);
        values.get(place).copied().unwrap_or(1.0)
    }

    #[rustfmt::skip]
    fn values(self) -> [f64; SIZE_MAX] {
        match self {
            RandomIndexTable::Saaty => [
                0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57, 1.59,
            ],
            RandomIndexTable::Saaty2005 => [
                0.0, 0.0, 0.52, 0.89, 1.11, 1.25, 1.35, 1.40, 1.45, 1.49, 1.52, 1.54, 1.56, 1.58, 1.59,
            ],
            RandomIndexTable::AlonsoLamata2006 => [
                0.0, 0.0, 0.5245, 0.8815, 1.1086, 1.2479, 1.3417, 1.4056, 1.4499, 1.4854, 1.5141, 1.5365, 1.5551,
                1.5713, 1.5838,
            ],
        }
    }
}

fn check_size(size: usize) -> Result<(), MatrixError> {
    if (1..=SIZE_MAX).contains(&size) {
        Ok(())
    } else {
        Err(MatrixError::Size { size })
    }
}

fn check_judgement(judgement: f64, row: usize, column: usize) -> Result<(), MatrixError> {
    // The smallest judgement is allowed the same rounding as every other.
    let least = (1.0 - RECIPROCITY_TOLERANCE) / JUDGEMENT_MAX;
    if (least..=JUDGEMENT_MAX).contains(&judgement) {
        Ok(())
    } else {
        Err(MatrixError::OutOfRange { row, column })
    }
}

/// A judgement whose opposite is worked out from it: both must be in range.
fn check_pair(judgement: f64, row: usize, column: usize) -> Result<(), MatrixError> {
    check_judgement(judgement, row, column)?;
    check_judgement(1.0 / judgement, row, column)
}

/// Every pair above the diagonal, row by row.
fn pairs(size: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..size).flat_map(move |row| (row + 1..size).map(move |column| (row, column)))
}

fn put(rows: &mut [Vec<f64>], row: usize, column: usize, judgement: f64) {
    for (row, column, judgement) in [(row, column, judgement), (column, row, 1.0 / judgement)] {
        if let Some(cell) = rows.get_mut(row).and_then(|row| row.get_mut(column)) {
            *cell = judgement;
        }
    }
}

fn at(rows: &[Vec<f64>], row: usize, column: usize) -> f64 {
    rows.get(row)
        .and_then(|row| row.get(column))
        .copied()
        .unwrap_or(1.0)
}

fn weight(weights: &[f64], place: usize) -> f64 {
    weights.get(place).copied().unwrap_or(1.0)
}

fn column_of(rows: &[Vec<f64>], column: usize) -> Vec<f64> {
    (0..rows.len()).map(|row| at(rows, row, column)).collect()
}

fn times(rows: &[Vec<f64>], weights: &[f64]) -> Vec<f64> {
    rows.iter()
        .map(|row| row.iter().zip(weights).map(|(a, w)| a * w).sum())
        .collect()
}

/// Power iteration, which a positive matrix never leads astray (Perron and Frobenius).
fn principal_eigenvector(rows: &[Vec<f64>]) -> Result<Vec<f64>, MatrixError> {
    let even = 1.0 / of_count(rows.len());
    let mut weights = vec![even; rows.len()];
    for _ in 0..ROUNDS_MAX {
        let mut next = times(rows, &weights);
        let total: f64 = next.iter().sum();
        for weight in &mut next {
            *weight /= total;
        }
        let moved = next
            .iter()
            .zip(&weights)
            .map(|(new, old)| (new - old).abs())
            .fold(0.0, f64::max);
        weights = next;
        if moved <= SETTLED {
            return Ok(weights);
        }
    }
    Err(MatrixError::NotSettled)
}
