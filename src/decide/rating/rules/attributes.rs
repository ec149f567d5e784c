//! Attribute trees: what a rating looks at, from the goal by way of dimensions down to indicators, and how much each
//! matters.
//!
//! A tree is data: it comes in as JSON, is weighed once, which finds everything that is wrong with it, and scores any
//! number of customers. [`template`] has the trees that the house starts with.

#![expect(
    clippy::float_arithmetic,
    reason = "weights are f64; money is not handled here"
)]

mod templates;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use templates::{TEMPLATES, Template, template};

use super::ahp::{
    Expert, Gate, GroupError, MatrixError, PairwiseMatrix, Priorities, Revision, group_priorities,
};
use super::numbers::{of_count, share};
use super::scoring::{
    Indicator, ScoreError, Scored, ScoringProblem, Value, WeightedIndicator, total,
};

/// Levels from the goal to the deepest indicator.
pub const DEPTH_MAX: usize = 6;

/// Attributes under one attribute.
pub const CHILDREN_MAX: usize = 50;

/// Weights under one attribute are at most this, in whatever unit.
const WEIGHT_MAX: f64 = 1e6;

const CODE_LENGTH_MAX: usize = 40;
const NAME_LENGTH_MAX: usize = 120;

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

/// A name in both of the house's languages.
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
        let mut walk = Walk {
            gate,
            purpose,
            codes: BTreeSet::new(),
            problems: Vec::new(),
            attributes: Vec::new(),
            indicators: Vec::new(),
        };
        if self.children.is_empty() {
            walk.complain("/children".to_owned(), AttributeProblem::NoChildren);
        }
        walk.attribute(self, "", &[], (1.0, 1.0));
        if !walk.problems.is_empty() {
            return Err(walk.problems);
        }
        Ok(WeighedTree {
            code: self.code.clone(),
            purpose: purpose.map(str::to_owned),
            attributes: walk.attributes,
            indicators: walk.indicators,
        })
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

/// A walk through the tree that collects weights and problems together.
struct Walk<'a> {
    gate: Gate,
    purpose: Option<&'a str>,
    codes: BTreeSet<&'a str>,
    problems: Vec<TreeProblem>,
    attributes: Vec<WeighedAttribute>,
    indicators: Vec<WeightedIndicator>,
}

impl<'a> Walk<'a> {
    fn complain(&mut self, pointer: String, problem: impl Into<AttributeProblem>) {
        let problem = problem.into();
        self.problems.push(TreeProblem { pointer, problem });
    }

    /// `weights` are the attribute's local and global weight.
    fn attribute(
        &mut self,
        attribute: &'a Attribute,
        pointer: &str,
        path: &[String],
        weights: (f64, f64),
    ) {
        self.check(attribute, pointer, path.len());
        let (children, judgements) = self.weights_of_children(attribute, pointer);
        let (local_weight, global_weight) = weights;
        if !path.is_empty() {
            self.attributes.push(WeighedAttribute {
                path: path.to_vec(),
                name: attribute.name.clone(),
                local_weight,
                global_weight,
                judgements,
            });
        }
        if let Some(indicator) = &attribute.indicator {
            self.indicators.push(WeightedIndicator {
                path: path.to_vec(),
                weight: global_weight,
                indicator: indicator.clone(),
            });
        }
        if path.len() >= DEPTH_MAX {
            return; // complained about already
        }
        for (place, (child, weight)) in attribute.children.iter().zip(children).enumerate() {
            let path: Vec<String> = path.iter().chain([&child.code]).cloned().collect();
            let pointer = format!("{pointer}/children/{place}");
            self.attribute(child, &pointer, &path, (weight, weight * global_weight));
        }
    }

    fn check(&mut self, attribute: &'a Attribute, pointer: &str, depth: usize) {
        let code = &attribute.code;
        let of_code = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        if code.is_empty() || code.len() > CODE_LENGTH_MAX || !code.chars().all(of_code) {
            self.complain(format!("{pointer}/code"), AttributeProblem::Code);
        } else if !self.codes.insert(code) {
            self.complain(format!("{pointer}/code"), AttributeProblem::CodeTwice);
        }
        for (language, name) in [("en", &attribute.name.en), ("zh", &attribute.name.zh)] {
            if name.trim().is_empty() || name.chars().count() > NAME_LENGTH_MAX {
                self.complain(format!("{pointer}/name/{language}"), AttributeProblem::Name);
            }
        }
        if attribute.children.len() > CHILDREN_MAX {
            self.complain(format!("{pointer}/children"), AttributeProblem::TooMany);
        }
        match (&attribute.indicator, attribute.children.is_empty()) {
            (None, true) if depth > 0 => {
                self.complain(pointer.to_owned(), AttributeProblem::Neither);
            }
            (Some(_), false) => self.complain(pointer.to_owned(), AttributeProblem::Both),
            (None, false) if depth >= DEPTH_MAX => {
                self.complain(format!("{pointer}/children"), AttributeProblem::TooDeep);
            }
            _ => {}
        }
        for problem in attribute.indicator.iter().flat_map(Indicator::problems) {
            self.complain(format!("{pointer}/indicator{}", problem.pointer()), problem);
        }
    }

    /// The children's local weights, and the check of the judgements that they come from.
    fn weights_of_children(
        &mut self,
        attribute: &Attribute,
        pointer: &str,
    ) -> (Vec<f64>, Option<Priorities>) {
        let children = attribute.children.len();
        let equal = vec![share(1.0, of_count(children)); children];
        if children == 0 {
            return (equal, None);
        }
        let at = |member: &str| format!("{pointer}/weighting/{member}");
        match &attribute.weighting {
            Weighting::Equal => (equal, None),
            Weighting::Given(given) => (self.shares(given, equal, &at("given")), None),
            Weighting::ByPurpose(weights) => {
                // Purposes that are not asked for must be right as well.
                let mut asked = None;
                for (purpose, given) in weights {
                    let token = purpose.replace('~', "~0").replace('/', "~1");
                    let pointer = format!("{}/{token}", at("by_purpose"));
                    let shares = self.shares(given, equal.clone(), &pointer);
                    if self.purpose == Some(purpose) {
                        asked = Some(shares);
                    }
                }
                if asked.is_none() {
                    let known: Vec<&str> = weights.keys().map(String::as_str).collect();
                    let known = known.join(", ");
                    self.complain(at("by_purpose"), AttributeProblem::Purpose { known });
                }
                (asked.unwrap_or(equal), None)
            }
            Weighting::Judged(rows) => {
                let priorities = judged("the matrix", rows, children)
                    .and_then(|matrix| Ok(matrix.priorities(self.gate)?));
                self.accept(priorities, equal, at("judged"))
            }
            Weighting::JudgedByPanel(panel) => {
                let priorities = judged_by_panel(panel, children, self.gate);
                self.accept(priorities, equal, at("judged_by_panel"))
            }
        }
    }

    fn shares(&mut self, given: &[f64], equal: Vec<f64>, pointer: &str) -> Vec<f64> {
        let before = self.problems.len();
        let children = equal.len();
        if given.len() != children {
            let given = given.len();
            self.complain(
                pointer.to_owned(),
                AttributeProblem::WeightCount { given, children },
            );
        }
        for (place, weight) in given.iter().enumerate() {
            if !(0.0..=WEIGHT_MAX).contains(weight) {
                self.complain(format!("{pointer}/{place}"), AttributeProblem::Weight);
            }
        }
        let sum: f64 = given.iter().sum();
        if sum <= 0.0 {
            self.complain(pointer.to_owned(), AttributeProblem::NoWeight);
        }
        if self.problems.len() > before {
            return equal;
        }
        given.iter().map(|weight| share(*weight, sum)).collect()
    }

    /// The weights of judgements, when the gate lets them through.
    fn accept(
        &mut self,
        priorities: Result<Priorities, AttributeProblem>,
        equal: Vec<f64>,
        pointer: String,
    ) -> (Vec<f64>, Option<Priorities>) {
        match priorities {
            Ok(priorities) => {
                if let Some(revision) = &priorities.revision {
                    let problem = AttributeProblem::Inconsistent {
                        ratio: priorities.consistency.ratio,
                        limit: priorities.consistency.limit,
                        hint: hint(revision),
                    };
                    self.complain(pointer, problem);
                }
                (priorities.weights.clone(), Some(priorities))
            }
            Err(problem) => {
                self.complain(pointer, problem);
                (equal, None)
            }
        }
    }
}

fn hint(revision: &Revision) -> String {
    let Revision {
        row,
        column,
        given,
        fitting,
        ..
    } = revision;
    format!(
        "think over row {row}, column {column} first: {given:.2} is given, {fitting:.2} would fit"
    )
}

fn judged(
    expert: &str,
    rows: &[Vec<f64>],
    children: usize,
) -> Result<PairwiseMatrix, AttributeProblem> {
    if rows.len() != children {
        return Err(AttributeProblem::JudgementCount {
            expert: expert.to_owned(),
            given: rows.len(),
            children,
        });
    }
    Ok(PairwiseMatrix::new(rows.to_vec())?)
}

fn judged_by_panel(
    panel: &[Judgements],
    children: usize,
    gate: Gate,
) -> Result<Priorities, AttributeProblem> {
    let experts = panel
        .iter()
        .map(|judgements| {
            let name = judgements.expert.clone();
            let matrix = judged(&name, &judgements.matrix, children)?;
            Ok(Expert { name, matrix })
        })
        .collect::<Result<Vec<_>, AttributeProblem>>()?;
    Ok(group_priorities(&experts, gate)?.priorities)
}
