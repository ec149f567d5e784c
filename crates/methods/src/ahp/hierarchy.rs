//! Weights down a tree, and what they hang on.

use serde::{Deserialize, Serialize};

use crate::numbers::is_usable;

/// Weights of siblings may miss their sum of 1 by this much.
const SUM_TOLERANCE: f64 = 1e-6;

/// A criterion with its weight among its siblings; what has no children is a leaf.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Criterion {
    pub code: String,
    /// Among the siblings, 0 to 1.
    pub weight: f64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Criterion>,
}

/// A leaf with its weight in the whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeafWeight {
    pub code: String,
    /// The product of all weights from the top down to here; over all leaves the sum is 1.
    pub weight: f64,
}

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum HierarchyError {
    #[error("the weights of {parent}'s criteria must be from 0 to 1 with sum 1")]
    Weights { parent: String },
    #[error("there is no criterion {code} here: name one of the tree")]
    Unknown { code: String },
    #[error("the weight of {code} can't be moved: no sibling has weight to give or take")]
    Alone { code: String },
    #[error("the step must be above 0 and at most 1, such as 0.05")]
    Step,
    #[error(
        "give each of the {expected} criteria one weight and each alternative one score for it"
    )]
    Lengths { expected: usize },
    #[error("scores must be numbers between -10^15 and 10^15")]
    Scores,
}

/// The weights of all leaves in the whole, in the tree's order.
///
/// # Errors
/// When the weights of some siblings are not from 0 to 1 with sum 1.
pub fn global_weights(criteria: &[Criterion]) -> Result<Vec<LeafWeight>, HierarchyError> {
    let mut leaves = Vec::new();
    descend("the goal", criteria, 1.0, &mut leaves)?;
    Ok(leaves)
}

fn descend(
    parent: &str,
    criteria: &[Criterion],
    above: f64,
    leaves: &mut Vec<LeafWeight>,
) -> Result<(), HierarchyError> {
    let sum: f64 = criteria.iter().map(|criterion| criterion.weight).sum();
    let all_shares = criteria
        .iter()
        .all(|criterion| (0.0..=1.0).contains(&criterion.weight));
    if !all_shares || (sum - 1.0).abs() > SUM_TOLERANCE {
        return Err(HierarchyError::Weights {
            parent: parent.to_owned(),
        });
    }
    for criterion in criteria {
        let weight = above * criterion.weight;
        if criterion.children.is_empty() {
            leaves.push(LeafWeight {
                code: criterion.code.clone(),
                weight,
            });
        } else {
            descend(&criterion.code, &criterion.children, weight, leaves)?;
        }
    }
    Ok(())
}

/// What moving one criterion's weight does to the leaves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sensitivity {
    pub code: String,
    /// The weight among its siblings as it is.
    pub weight: f64,
    pub lowered: Shift,
    pub raised: Shift,
}

/// The leaves after a criterion's weight was moved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shift {
    /// The criterion's new weight among its siblings, kept from 0 to 1.
    pub weight: f64,
    pub leaves: Vec<LeafShift>,
    /// How many leaves changed their rank.
    pub rank_changes: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeafShift {
    pub code: String,
    pub weight_before: f64,
    pub weight_after: f64,
    /// 1 is the heaviest; equal weights share a rank.
    pub rank_before: usize,
    pub rank_after: usize,
}

/// How the leaves' weights and ranks change when one criterion's weight among its siblings is moved down and up by
/// `step`, the siblings being rescaled in proportion.
///
/// # Errors
/// When there is no such criterion, it has no sibling to trade weight with, or the tree's weights are not right.
pub fn sensitivity(
    criteria: &[Criterion],
    code: &str,
    step: f64,
) -> Result<Sensitivity, HierarchyError> {
    if !(step > 0.0 && step <= 1.0) {
        return Err(HierarchyError::Step);
    }
    let before = global_weights(criteria)?;
    let weight = movable_weight(criteria, code)?;
    let shift = |weight: f64| {
        let after = weights_at(criteria, code, weight)?;
        Ok(compare(weight, &before, &after))
    };
    Ok(Sensitivity {
        code: code.to_owned(),
        weight,
        lowered: shift((weight - step).max(0.0))?,
        raised: shift((weight + step).min(1.0))?,
    })
}

/// The weights of all leaves in the whole, in the tree's order, when one criterion has this weight among its siblings,
/// 0 to 1, and they share the rest in proportion.
///
/// # Errors
/// When there is no such criterion, it has no sibling to trade weight with, or the tree's weights are not right.
pub fn weights_at(
    criteria: &[Criterion],
    code: &str,
    weight: f64,
) -> Result<Vec<LeafWeight>, HierarchyError> {
    movable_weight(criteria, code)?;
    let mut moved = criteria.to_vec();
    move_weight(&mut moved, code, weight);
    global_weights(&moved)
}

/// The weight that a criterion has among its siblings, when they have weight to trade.
fn movable_weight(criteria: &[Criterion], code: &str) -> Result<f64, HierarchyError> {
    let code = || code.to_owned();
    let weight = find(criteria, &code()).ok_or_else(|| HierarchyError::Unknown { code: code() })?;
    if weight > 1.0 - 2.0 * SUM_TOLERANCE {
        return Err(HierarchyError::Alone { code: code() });
    }
    Ok(weight)
}

fn find(criteria: &[Criterion], code: &str) -> Option<f64> {
    criteria.iter().find_map(|criterion| {
        if criterion.code == code {
            Some(criterion.weight)
        } else {
            find(&criterion.children, code)
        }
    })
}

fn move_weight(criteria: &mut [Criterion], code: &str, to: f64) {
    let Some(place) = criteria.iter().position(|criterion| criterion.code == code) else {
        for criterion in criteria {
            move_weight(&mut criterion.children, code, to);
        }
        return;
    };
    let others: f64 = criteria
        .iter()
        .enumerate()
        .filter(|(index, _)| *index != place)
        .map(|(_, criterion)| criterion.weight)
        .sum();
    for (index, criterion) in criteria.iter_mut().enumerate() {
        criterion.weight = if index == place {
            to
        } else {
            criterion.weight * (1.0 - to) / others
        };
    }
}

fn compare(weight: f64, before: &[LeafWeight], after: &[LeafWeight]) -> Shift {
    let leaves: Vec<LeafShift> = before
        .iter()
        .zip(after)
        .map(|(old, new)| LeafShift {
            code: old.code.clone(),
            weight_before: old.weight,
            weight_after: new.weight,
            rank_before: rank(before, old.weight),
            rank_after: rank(after, new.weight),
        })
        .collect();
    let rank_changes = leaves
        .iter()
        .filter(|leaf| leaf.rank_before != leaf.rank_after)
        .count();
    Shift {
        weight,
        leaves,
        rank_changes,
    }
}

/// Weights that differ by rounding only share a rank.
fn rank(leaves: &[LeafWeight], weight: f64) -> usize {
    1 + leaves
        .iter()
        .filter(|leaf| leaf.weight > weight + 1e-12)
        .count()
}

/// Whether two alternatives change places when one criterion's weight is moved, the others being rescaled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Flip {
    /// The place of the criterion whose weight is moved.
    pub criterion: usize,
    pub weight: f64,
    /// The first alternative's lead over the second as the weights are; negative when it is behind.
    pub lead: f64,
    /// The weight at which both are level; beyond it the other one leads. None when one leads at every weight.
    pub at: Option<f64>,
}

/// At which weight of a criterion the ranking of two alternatives flips.
///
/// With score differences Δ between the two, the lead at weight w is w·Δₖ + (1 − w)·R, where R is the weighted mean
/// of Δ over the other criteria: a straight line, which is 0 at w = R / (R − Δₖ).
///
/// # Errors
/// When weights and scores do not match, or are no numbers, or the criterion has no sibling to trade weight with.
pub fn ranking_flip(
    weights: &[f64],
    first: &[f64],
    second: &[f64],
    criterion: usize,
) -> Result<Flip, HierarchyError> {
    let expected = weights.len();
    if first.len() != expected || second.len() != expected {
        return Err(HierarchyError::Lengths { expected });
    }
    if !first.iter().chain(second).all(|score| is_usable(*score)) {
        return Err(HierarchyError::Scores);
    }
    let sum: f64 = weights.iter().sum();
    if weights.iter().any(|weight| !(0.0..=1.0).contains(weight))
        || (sum - 1.0).abs() > SUM_TOLERANCE
    {
        return Err(HierarchyError::Weights {
            parent: "the goal".to_owned(),
        });
    }
    let unknown = || HierarchyError::Unknown {
        code: criterion.to_string(),
    };
    let weight = *weights.get(criterion).ok_or_else(unknown)?;
    let others = sum - weight;
    if others < SUM_TOLERANCE {
        return Err(HierarchyError::Alone {
            code: criterion.to_string(),
        });
    }
    let differences = || first.iter().zip(second).map(|(a, b)| a - b);
    let own = differences().nth(criterion).ok_or_else(unknown)?;
    let lead: f64 = weights.iter().zip(differences()).map(|(w, d)| w * d).sum();
    let rest = (lead - weight * own) / others;
    let at = ((rest - own).abs() > 0.0)
        .then(|| rest / (rest - own))
        .filter(|at| (0.0..=1.0).contains(at));
    Ok(Flip {
        criterion,
        weight,
        lead,
        at,
    })
}
