//! Several experts, one matrix.

use serde::{Deserialize, Serialize};

use super::{Gate, MatrixError, PairwiseMatrix, Priorities, at, pairs, put};
use crate::numbers::of_count;

/// The judgements of one expert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expert {
    pub name: String,
    pub matrix: PairwiseMatrix,
}

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum GroupError {
    #[error("nobody has judged yet: ask at least one expert")]
    NoExperts,
    #[error("{expert} compares {size} criteria where the first expert compares {expected}")]
    Sizes {
        expert: String,
        size: usize,
        expected: usize,
    },
    #[error("{expert}: {error}")]
    Matrix { expert: String, error: MatrixError },
    #[error("all together: {0}")]
    Together(MatrixError),
}

/// What the experts say together, what each says alone, and where they differ.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupPriorities {
    /// The geometric mean of all judgements.
    pub matrix: PairwiseMatrix,
    pub priorities: Priorities,
    /// In the order in which they were given.
    pub experts: Vec<ExpertOpinion>,
    /// Each pair above the diagonal, row by row.
    pub judgements: Vec<JudgementSpread>,
}

/// One expert's own weights, with the check of that expert's own judgements.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExpertOpinion {
    pub name: String,
    pub priorities: Priorities,
}

/// How far apart the experts are on one pair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JudgementSpread {
    pub row: usize,
    pub column: usize,
    pub lowest: f64,
    pub geometric_mean: f64,
    pub highest: f64,
    /// The geometric standard deviation: 1 when all agree, 2 when a typical expert is off by a factor of two. Taken
    /// over all experts (divided by their number, for they are the whole panel and no sample).
    pub spread: f64,
}

/// The element-wise geometric mean of matrices: the only mean of judgements that keeps them reciprocal.
///
/// # Errors
/// When there is no matrix, or their sizes differ.
pub fn geometric_mean(experts: &[Expert]) -> Result<PairwiseMatrix, GroupError> {
    let first = experts.first().ok_or(GroupError::NoExperts)?;
    let expected = first.matrix.size();
    for expert in experts {
        let size = expert.matrix.size();
        if size != expected {
            return Err(GroupError::Sizes {
                expert: expert.name.clone(),
                size,
                expected,
            });
        }
    }
    let mut rows = vec![vec![1.0; expected]; expected];
    for (row, column) in pairs(expected) {
        let spread = spread_on(experts, row, column);
        put(&mut rows, row, column, spread.geometric_mean);
    }
    PairwiseMatrix::new(rows).map_err(GroupError::Together)
}

/// The weights of several experts, by the geometric mean of their judgements.
///
/// # Errors
/// When there is no expert, when they compare different numbers of criteria, or when judgements give no weights.
pub fn group_priorities(experts: &[Expert], gate: Gate) -> Result<GroupPriorities, GroupError> {
    let matrix = geometric_mean(experts)?;
    let priorities = matrix.priorities(gate).map_err(GroupError::Together)?;
    let opinions = experts.iter().map(|expert| opinion(expert, gate));
    let judgements = pairs(matrix.size()).map(|(row, column)| spread_on(experts, row, column));
    Ok(GroupPriorities {
        priorities,
        experts: opinions.collect::<Result<_, _>>()?,
        judgements: judgements.collect(),
        matrix,
    })
}

fn opinion(expert: &Expert, gate: Gate) -> Result<ExpertOpinion, GroupError> {
    let name = expert.name.clone();
    match expert.matrix.priorities(gate) {
        Ok(priorities) => Ok(ExpertOpinion { name, priorities }),
        Err(error) => Err(GroupError::Matrix {
            expert: name,
            error,
        }),
    }
}

fn spread_on(experts: &[Expert], row: usize, column: usize) -> JudgementSpread {
    let given = || {
        experts
            .iter()
            .map(|expert| at(expert.matrix.rows(), row, column))
    };
    let count = of_count(experts.len());
    let mean = given().map(f64::ln).sum::<f64>() / count;
    let variance = given()
        .map(|judgement| (judgement.ln() - mean).powi(2))
        .sum::<f64>()
        / count;
    let lowest = given().fold(f64::INFINITY, f64::min);
    let highest = given().fold(0.0, f64::max);
    JudgementSpread {
        row,
        column,
        lowest,
        // Rounding must not carry the mean past what was judged.
        geometric_mean: mean.exp().max(lowest).min(highest),
        highest,
        spread: variance.sqrt().exp(),
    }
}
