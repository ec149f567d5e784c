//! Decision trees: questions that lead to a leaf, and the leaf's probability of default.
//!
//! A tree is fitted ([`fit`](fit::fit)) or written by hand as JSON; either way it is checked, and a prediction tells
//! the path it took.

pub mod fit;
mod grow;
mod prune;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::binning::Tally;
use super::training::{Answer, Answers};

/// A tree. In JSON, for example:
///
/// ```json
/// {"root": {"split": {"characteristic": "days_beyond_terms", "test": {"below": 6}, "missing": "fails",
///     "holds": {"leaf": {"probability_of_default": 0.02}},
///     "fails": {"leaf": {"probability_of_default": 0.2, "label": "ask for a guarantee"}}}}}
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionTree {
    pub root: Node,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Node {
    Leaf(Leaf),
    Split(Box<Split>),
}

/// Where a path ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaf {
    /// 0 to 1.
    pub probability_of_default: f64,
    /// What to call those who end here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Who ended here in the training set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tally: Option<Tally>,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Split {
    pub characteristic: String,
    pub test: Test,
    /// Where those go for whom the test holds.
    pub holds: Node,
    pub fails: Node,
    /// Where those go whose value is missing or of the wrong kind.
    pub missing: Side,
    /// How much purer the parts are: Gini impurity before less that after. Of a fitted tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gain: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tally: Option<Tally>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Test {
    /// The number is below this.
    Below(f64),
    /// The word is one of these.
    OneOf(Vec<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Holds,
    Fails,
}

/// What a tree says of a customer, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prediction {
    pub probability_of_default: f64,
    pub label: Option<String>,
    pub tally: Option<Tally>,
    pub path: Vec<Turn>,
}

/// One question on the path and the side that was taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    pub characteristic: String,
    pub test: Test,
    /// None when it is missing.
    pub answer: Option<Answer>,
    pub side: Side,
    /// Whether the side is the one for missing values: the test could not be asked.
    pub by_missing: bool,
}

/// What is wrong with a tree, and where: places read like `root.holds.fails`.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("{place}: {problem}")]
pub struct TreeError {
    pub place: String,
    pub problem: TreeProblem,
}

#[derive(Debug, Clone, PartialEq, Error)]
pub enum TreeProblem {
    #[error("`probability_of_default` must be a number from 0 to 1")]
    Probability,
    #[error("the limit of `below` must be a finite number")]
    Limit,
    #[error("`one_of` needs at least one word, and each word once")]
    Words,
    #[error("the characteristic needs a name")]
    Name,
    #[error("`{characteristic}` is asked for as a number and as a word: choose one")]
    Mixed { characteristic: String },
    #[error("`{side}` can't be reached: the questions above it have decided this one")]
    Unreachable { side: &'static str },
    #[error("the tree is deeper than {DEPTH_MAX} questions: make it shallower")]
    TooDeep,
    #[error("the number is not finite: leave the answer out when it is missing")]
    NotFinite,
}

/// The most questions on a path.
pub const DEPTH_MAX: usize = 30;

impl DecisionTree {
    /// Whether the tree can be run, however it was written.
    pub fn check(&self) -> Result<(), TreeError> {
        Check::default().node(&self.root, "root", 0)
    }

    /// The probability alone of the leaf that a customer comes to.
    ///
    /// # Errors
    /// A number that is not finite.
    pub fn probability(&self, answers: &Answers) -> Result<f64, TreeError> {
        let mut node = &self.root;
        loop {
            match node {
                Node::Leaf(leaf) => return Ok(leaf.probability_of_default),
                Node::Split(split) => node = split.side(split.ask(answers)?.0),
            }
        }
    }

    /// Walks one customer to a leaf.
    ///
    /// # Errors
    /// A number that is not finite.
    pub fn predict(&self, answers: &Answers) -> Result<Prediction, TreeError> {
        let mut path = Vec::new();
        let mut node = &self.root;
        loop {
            let split = match node {
                Node::Leaf(leaf) => {
                    return Ok(Prediction {
                        probability_of_default: leaf.probability_of_default,
                        label: leaf.label.clone(),
                        tally: leaf.tally,
                        path,
                    });
                }
                Node::Split(split) => split,
            };
            let (side, by_missing) = split.ask(answers)?;
            path.push(Turn {
                characteristic: split.characteristic.clone(),
                test: split.test.clone(),
                answer: answers.get(&split.characteristic).cloned(),
                side,
                by_missing,
            });
            node = split.side(side);
        }
    }

    pub fn leaves(&self) -> usize {
        fn below(node: &Node) -> usize {
            match node {
                Node::Leaf(_) => 1,
                Node::Split(split) => below(&split.holds).saturating_add(below(&split.fails)),
            }
        }
        below(&self.root)
    }
}

impl Split {
    /// To which side a customer goes, and whether because the question could not be asked.
    fn ask(&self, answers: &Answers) -> Result<(Side, bool), TreeError> {
        let answer = answers.get(&self.characteristic);
        if let Some(Answer::Number(number)) = answer
            && !number.is_finite()
        {
            let place = self.characteristic.clone();
            return Err(TreeError {
                place,
                problem: TreeProblem::NotFinite,
            });
        }
        let asked = self.test.ask(answer);
        Ok((asked.unwrap_or(self.missing), asked.is_none()))
    }

    fn side(&self, side: Side) -> &Node {
        match side {
            Side::Holds => &self.holds,
            Side::Fails => &self.fails,
        }
    }
}

impl Test {
    /// The side of an answer; none when it is missing or of the wrong kind.
    fn ask(&self, answer: Option<&Answer>) -> Option<Side> {
        let holds = match (self, answer?) {
            (Test::Below(limit), Answer::Number(number)) => number < limit,
            (Test::OneOf(words), Answer::Text(text)) => words.contains(text),
            _ => return None,
        };
        Some(Side::of(holds))
    }
}

impl Side {
    fn of(holds: bool) -> Side {
        if holds { Side::Holds } else { Side::Fails }
    }
}

/// What the questions above a node have left open.
#[derive(Default)]
struct Check<'a> {
    /// The numbers that can still come: from the first to below the second.
    ranges: BTreeMap<&'a str, (f64, f64)>,
    /// The characteristics that are words.
    words: BTreeSet<&'a str>,
    /// All characteristics that are numbers.
    numbers: BTreeSet<&'a str>,
}

impl<'a> Check<'a> {
    fn node(&mut self, node: &'a Node, place: &str, depth: usize) -> Result<(), TreeError> {
        let error = |problem| {
            Err(TreeError {
                place: place.to_owned(),
                problem,
            })
        };
        let split = match node {
            Node::Leaf(leaf) if (0.0..=1.0).contains(&leaf.probability_of_default) => return Ok(()),
            Node::Leaf(_) => return error(TreeProblem::Probability),
            Node::Split(_) if depth >= DEPTH_MAX => return error(TreeProblem::TooDeep),
            Node::Split(split) => split,
        };
        let name = split.characteristic.as_str();
        if name.trim().is_empty() {
            return error(TreeProblem::Name);
        }
        let deeper = depth.saturating_add(1);
        let (holds, fails) = (format!("{place}.holds"), format!("{place}.fails"));
        let mixed = || TreeProblem::Mixed {
            characteristic: name.to_owned(),
        };
        match &split.test {
            Test::OneOf(words) => {
                let distinct: BTreeSet<&String> = words.iter().collect();
                if words.is_empty() || distinct.len() < words.len() {
                    return error(TreeProblem::Words);
                }
                self.words.insert(name);
                if self.numbers.contains(name) {
                    return error(mixed());
                }
                self.node(&split.holds, &holds, deeper)?;
                self.node(&split.fails, &fails, deeper)
            }
            Test::Below(limit) if !limit.is_finite() => error(TreeProblem::Limit),
            Test::Below(limit) => {
                self.numbers.insert(name);
                if self.words.contains(name) {
                    return error(mixed());
                }
                let open = (f64::NEG_INFINITY, f64::INFINITY);
                let (from, below) = self.ranges.get(name).copied().unwrap_or(open);
                if *limit <= from {
                    return error(TreeProblem::Unreachable { side: "holds" });
                }
                if *limit >= below {
                    return error(TreeProblem::Unreachable { side: "fails" });
                }
                self.ranges.insert(name, (from, *limit));
                self.node(&split.holds, &holds, deeper)?;
                self.ranges.insert(name, (*limit, below));
                self.node(&split.fails, &fails, deeper)?;
                self.ranges.insert(name, (from, below));
                Ok(())
            }
        }
    }
}
