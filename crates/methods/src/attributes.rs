//! Attribute trees: what a rating looks at, from the goal by way of dimensions down to indicators, and how much each
//! matters.
//!
//! A tree is data: it comes in as JSON, is weighed once, which finds everything that is wrong with it, and scores any
//! number of customers. [`template`] has the trees that netterms starts with.

#![expect(
    clippy::float_arithmetic,
    reason = "weights are f64; money is not handled here"
)]

mod templates;
#[cfg(test)]
mod tests;
mod turning;
mod weighing;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use templates::{TEMPLATES, Template, template};
pub use turning::{GradeTurn, GradeTurns, OrderTurn, Turning};

use super::ahp::{Criterion, Gate, GroupError, MatrixError, Priorities};
use super::scoring::{
    Indicator, ScoreError, Scored, ScoringProblem, Value, WeightedIndicator, total,
};

/// Levels from the goal to the deepest indicator.
pub const DEPTH_MAX: usize = 6;

/// Attributes under one attribute.
pub const CHILDREN_MAX: usize = 50;

/// One attribute: the goal at the top, dimensions below it, an indicator at each end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attribute {
    /// Capitals, digits and underscores; once in the whole tree.
    pub code: String,
    pub name: Name,
    /// How the children's weights are found.
    #[serde(default, skip_serializing_if = "Weighting::is_equal")]
    pub weighting: Weighting,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Attribute>,
    /// What is looked at, when there are no children.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indicator: Option<Indicator>,
}

/// A name in both of netterms' languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Name {
    pub en: String,
    pub zh: String,
}

/// How the weights of an attribute's children are found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weighting {
    /// All the same.
    #[default]
    Equal,
    /// Numbers in any unit, such as shares, percents or 1 to 10; each counts as its share of their sum.
    Given(Vec<f64>),
    /// As above, for each purpose: `risk_averse`, `growth`.
    ByPurpose(BTreeMap<String, Vec<f64>>),
    /// By pairwise judgements (AHP): all rows of the matrix.
    Judged(Vec<Vec<f64>>),
    /// By the pairwise judgements of several experts.
    JudgedByPanel(Vec<Judgements>),
}

impl Weighting {
    fn is_equal(&self) -> bool {
        matches!(self, Weighting::Equal)
    }
}

/// One expert's judgements on an attribute's children.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judgements {
    pub expert: String,
    pub matrix: Vec<Vec<f64>>,
}

/// Something that is wrong with a tree, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct TreeProblem {
    /// A JSON pointer into the tree, such as `/children/0/weighting/given/2`.
    pub pointer: String,
    pub problem: AttributeProblem,
}

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AttributeProblem {
    #[error("must be 1 to 40 capitals, digits and underscores, such as \"PAYMENT_RECORD\"")]
    Code,
    #[error("is used twice in this tree: give each attribute a code of its own")]
    CodeTwice,
    #[error("must be 1 to 120 characters")]
    Name,
    #[error("the goal needs attributes below it")]
    NoChildren,
    #[error("needs attributes below it, or an indicator")]
    Neither,
    #[error("has both attributes below it and an indicator: choose one")]
    Both,
    #[error("lies deeper than 6 levels: flatten the tree")]
    TooDeep,
    #[error("has more than 50 attributes directly below it: group them")]
    TooMany,
    #[error("{given} weights for {children} attributes: give each one weight")]
    WeightCount { given: usize, children: usize },
    #[error("must be a weight from 0 to 1,000,000")]
    Weight,
    #[error("at least one weight must be above 0")]
    NoWeight,
    #[error("is weighed by purpose: name one of {known}")]
    Purpose { known: String },
    #[error(transparent)]
    Judgements(#[from] MatrixError),
    #[error("{expert} compares {given} attributes, there are {children}")]
    JudgementCount {
        expert: String,
        given: usize,
        children: usize,
    },
    #[error(transparent)]
    Panel(#[from] GroupError),
    #[error(
        "the judgements do not fit together: their consistency ratio is {ratio:.3}, allowed is less than {limit}; {hint}"
    )]
    Inconsistent {
        ratio: f64,
        limit: f64,
        hint: String,
    },
    #[error(transparent)]
    Scoring(#[from] ScoringProblem),
}

/// A tree whose weights are found and in which nothing is wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WeighedTree {
    pub code: String,
    pub purpose: Option<String>,
    /// The check of the judgements on the attributes directly below the goal, when they are weighed so.
    pub judgements: Option<Priorities>,
    /// Every attribute below the goal, top down.
    pub attributes: Vec<WeighedAttribute>,
    /// The ends of the tree.
    pub indicators: Vec<WeightedIndicator>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WeighedAttribute {
    /// The codes from below the goal down to here.
    pub path: Vec<String>,
    pub name: Name,
    /// Among its siblings.
    pub local_weight: f64,
    /// In the whole: the product of the local weights on the way down.
    pub global_weight: f64,
    /// The check of the judgements on the attributes below it, when they are weighed so.
    pub judgements: Option<Priorities>,
}

impl Attribute {
    /// The purposes that the tree has weights for, in order.
    pub fn purposes(&self) -> BTreeSet<String> {
        let mut purposes: BTreeSet<String> = match &self.weighting {
            Weighting::ByPurpose(weights) => weights.keys().cloned().collect(),
            _ => BTreeSet::new(),
        };
        for child in &self.children {
            purposes.extend(child.purposes());
        }
        purposes
    }

    /// The tree with all its weights, local and global. `gate` says how well pairwise judgements must fit together,
    /// `purpose` which weights to take where they depend on it.
    ///
    /// # Errors
    /// Everything that is wrong with the tree, each with its place.
    pub fn weigh(
        &self,
        gate: Gate,
        purpose: Option<&str>,
    ) -> Result<WeighedTree, Vec<TreeProblem>> {
        weighing::weigh(self, gate, purpose)
    }
}

/// What a customer gets by a tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TreeScore {
    pub result: Scored,
    /// Every attribute that has attributes below it, top down.
    pub subtotals: Vec<Subtotal>,
}

/// What the indicators below an attribute bring in together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Subtotal {
    pub path: Vec<String>,
    pub name: Name,
    /// In the whole, as the tree says.
    pub weight: f64,
    /// In the whole, after what is left out gave its weight to the others.
    pub counted_weight: f64,
    pub contribution: f64,
    pub penalty: f64,
    /// Contribution / counted weight: how good the customer is in this; none when nothing counts.
    pub score: Option<f64>,
}

impl WeighedTree {
    /// The tree as criteria with local weights, for [`sensitivity`](super::ahp::sensitivity).
    pub fn criteria(&self) -> Vec<Criterion> {
        self.criteria_below(&[])
    }

    fn criteria_below(&self, path: &[String]) -> Vec<Criterion> {
        self.attributes
            .iter()
            .filter(|attribute| {
                let above = attribute.path.split_last();
                above.is_some_and(|(_, above)| above == path)
            })
            .map(|attribute| Criterion {
                code: attribute.path.last().cloned().unwrap_or_default(),
                weight: attribute.local_weight,
                children: self.criteria_below(&attribute.path),
            })
            .collect()
    }

    /// Scores a customer by the values of the tree's indicators.
    ///
    /// # Errors
    /// When a value does not fit its indicator, or one is missing that must not be.
    pub fn score(&self, values: &BTreeMap<String, Value>) -> Result<TreeScore, ScoreError> {
        let result = total(&self.indicators, values)?;
        let inner = self.attributes.iter().filter(|attribute| {
            self.indicators
                .iter()
                .all(|leaf| leaf.path != attribute.path)
        });
        let subtotals = inner
            .map(|attribute| subtotal(attribute, &result))
            .collect();
        Ok(TreeScore { result, subtotals })
    }
}

fn subtotal(attribute: &WeighedAttribute, result: &Scored) -> Subtotal {
    let below = || {
        let parts = result.contributions.iter();
        parts.filter(|part| part.path.starts_with(&attribute.path))
    };
    let contribution: f64 = below().map(|part| part.contribution).sum();
    let counted_weight: f64 = below().map(|part| part.counted_weight).sum();
    Subtotal {
        path: attribute.path.clone(),
        name: attribute.name.clone(),
        weight: attribute.global_weight,
        counted_weight,
        contribution,
        penalty: below().map(|part| part.penalty).sum(),
        score: (counted_weight > 0.0).then(|| contribution / counted_weight),
    }
}
