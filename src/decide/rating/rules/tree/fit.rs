//! Fitting a tree: grow it on one part of the customers, prune it by the other, and grow it again, so pruned, on all.

#![expect(clippy::float_arithmetic, reason = "probabilities are statistics, not money")]

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::grow::{Grown, grow};
use super::prune::Pruning;
use super::{DEPTH_MAX, DecisionTree, Leaf, Node, Side, Split};
use crate::decide::rating::rules::binning::Tally;
use crate::decide::rating::rules::training::{Answers, TrainingError, TrainingSet, real};

/// What is demanded of a tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TreeSettings {
    /// Questions on a path, at most 30.
    pub most_depth: usize,
    /// The fewest customers in a leaf.
    pub least_leaf: usize,
    pub most_leaves: usize,
    /// A split must gain more impurity than this.
    pub least_gain: f64,
    /// A leaf's probability is drawn towards the average as if so many average customers were in it too, so that
    /// small leaves are not believed too much and none says 0 or 1.
    pub smoothing: f64,
    /// The share of customers held back to prune by, above 0 and below 1.
    pub validation_share: f64,
    /// Draws who is held back.
    pub seed: u64,
}

impl Default for TreeSettings {
    fn default() -> Self {
        TreeSettings {
            most_depth: 8,
            least_leaf: 20,
            most_leaves: 64,
            least_gain: 0.0,
            smoothing: 5.0,
            validation_share: 0.3,
            seed: 1,
        }
    }
}

/// A fitted tree with the report of its pruning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TreeFit {
    pub tree: DecisionTree,
    /// From the full tree to the root alone, as grown without those held back.
    pub pruning: Vec<PruningStep>,
    /// The price of a leaf that was chosen, in Gini impurity.
    pub complexity: f64,
}

/// How a pruned tree did on those held back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PruningStep {
    pub complexity: f64,
    pub leaves: usize,
    /// The mean of −ln(probability given to what happened): lower is better.
    pub log_loss: f64,
}

#[derive(Debug, Clone, PartialEq, Error)]
pub enum TreeFitError {
    #[error("`{setting}` is out of its range: {range}")]
    Setting { setting: &'static str, range: &'static str },
    #[error("too few customers to hold some back: {0}")]
    Split(#[from] TrainingError),
}

impl TreeSettings {
    fn check(&self) -> Result<(), TreeFitError> {
        let demands: [(&'static str, bool, &'static str); 6] = [
            ("most_depth", (1..=DEPTH_MAX).contains(&self.most_depth), "1 to 30"),
            ("least_leaf", self.least_leaf >= 1, "at least 1"),
            ("most_leaves", (1..=10_000).contains(&self.most_leaves), "1 to 10,000"),
            ("least_gain", (0.0..=0.5).contains(&self.least_gain), "0 to 0.5"),
            ("smoothing", (1e-6..=1e6).contains(&self.smoothing), "0.000001 to a million"),
            ("validation_share", (0.01..=0.9).contains(&self.validation_share), "0.01 to 0.9"),
        ];
        let wrong = demands.iter().find(|(_, right, _)| !right);
        wrong.map_or(Ok(()), |(setting, _, range)| Err(TreeFitError::Setting { setting, range }))
    }
}

/// Fits a tree.
///
/// # Errors
/// Settings out of their range, or too few customers.
pub fn fit(training: &TrainingSet, settings: &TreeSettings) -> Result<TreeFit, TreeFitError> {
    settings.check()?;
    let (learnt, held_back) = training.split(settings.validation_share, settings.seed)?;
    let trial = Pruned::new(&learnt, settings);
    let pruning = trial.judge(&held_back);
    let best = pruning
        .iter()
        .enumerate()
        .filter(|(_, step)| step.leaves <= settings.most_leaves)
        .min_by(|(_, a), (_, b)| a.log_loss.total_cmp(&b.log_loss).then(a.leaves.cmp(&b.leaves)));
    // Any price up to the next one gives the same tree; their geometric mean suits the larger one best (CART).
    let complexity = best.map_or(0.0, |(place, step)| {
        let next = pruning.get(place.saturating_add(1));
        next.map_or(step.complexity, |next| (step.complexity * next.complexity).sqrt())
    });
    let whole = Pruned::new(training, settings);
    // More customers may grow more leaves at the same price.
    let prices = whole.pruning.complexities.iter().copied();
    let dearer = std::iter::once(complexity).chain(prices.filter(|price| *price > complexity));
    let allowed = |price: &f64| whole.leaves(*price).len() <= settings.most_leaves;
    let complexity = dearer.into_iter().find(allowed).unwrap_or(f64::MAX);
    let tree = DecisionTree { root: whole.node(0, complexity) };
    Ok(TreeFit { tree, pruning, complexity })
}

/// A grown tree that can be seen at every complexity.
struct Pruned<'a> {
    training: &'a TrainingSet,
    settings: &'a TreeSettings,
    nodes: Vec<Grown>,
    pruning: Pruning,
}

impl<'a> Pruned<'a> {
    fn new(training: &'a TrainingSet, settings: &'a TreeSettings) -> Pruned<'a> {
        let nodes = grow(training, settings);
        let pruning = Pruning::of(&nodes);
        Pruned { training, settings, nodes, pruning }
    }

    fn probability(&self, tally: Tally) -> f64 {
        let all = self.nodes.first().map(|root| root.tally).unwrap_or_default();
        let average = real(all.bads) / real(all.total().max(1));
        let smoothing = self.settings.smoothing;
        (real(tally.bads) + smoothing * average) / (real(tally.total()) + smoothing)
    }

    /// The leaves at a complexity.
    fn leaves(&self, complexity: f64) -> Vec<usize> {
        let mut leaves = Vec::new();
        let mut open = vec![0];
        while let Some(place) = open.pop() {
            let Some(node) = self.nodes.get(place) else { continue };
            match &node.split {
                Some(split) if !self.pruning.is_leaf(place, node, complexity) => {
                    open.extend([split.holds, split.fails]);
                }
                _ => leaves.push(place),
            }
        }
        leaves
    }

    /// How every pruned tree does on customers who were held back.
    fn judge(&self, held_back: &TrainingSet) -> Vec<PruningStep> {
        let mut arrived = vec![Tally::default(); self.nodes.len()];
        for (row, outcome) in held_back.outcomes().iter().enumerate() {
            let answers = held_back.answers(row);
            let mut next = Some(0);
            while let Some(place) = next {
                if let Some(tally) = arrived.get_mut(place) {
                    tally.add(*outcome);
                }
                next = self.child(place, &answers);
            }
        }
        let rows = real(held_back.outcomes().len().max(1));
        let first = std::iter::once(0.0);
        let prices = first.chain(self.pruning.complexities.iter().copied().filter(|price| *price > 0.0));
        prices
            .map(|complexity| {
                let leaves = self.leaves(complexity);
                let loss = |leaf: &usize| {
                    let learnt = self.nodes.get(*leaf)?.tally;
                    let seen = *arrived.get(*leaf)?;
                    let bad = self.probability(learnt);
                    Some(-real(seen.bads) * bad.ln() - real(seen.goods) * (1.0 - bad).ln())
                };
                let log_loss = leaves.iter().filter_map(loss).sum::<f64>() / rows;
                PruningStep { complexity, leaves: leaves.len(), log_loss }
            })
            .collect()
    }

    fn child(&self, place: usize, answers: &Answers) -> Option<usize> {
        let split = self.nodes.get(place)?.split.as_ref()?;
        let name = &self.training.characteristics().get(split.column)?.name;
        let side = split.test.ask(answers.get(name)).unwrap_or(split.missing);
        Some(match side {
            Side::Holds => split.holds,
            Side::Fails => split.fails,
        })
    }

    fn node(&self, place: usize, complexity: f64) -> Node {
        let grown = self.nodes.get(place).cloned().unwrap_or_default();
        let is_leaf = self.pruning.is_leaf(place, &grown, complexity);
        let column = |split: &super::grow::GrownSplit| {
            self.training.characteristics().get(split.column).map(|column| column.name.clone())
        };
        match grown.split.filter(|_| !is_leaf).and_then(|split| Some((column(&split)?, split))) {
            Some((characteristic, split)) => Node::Split(Box::new(Split {
                characteristic,
                test: split.test,
                holds: self.node(split.holds, complexity),
                fails: self.node(split.fails, complexity),
                missing: split.missing,
                gain: Some(split.gain),
                tally: Some(grown.tally),
            })),
            None => Node::Leaf(Leaf {
                probability_of_default: self.probability(grown.tally),
                label: None,
                tally: Some(grown.tally),
            }),
        }
    }
}
