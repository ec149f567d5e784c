//! Fitting a tree: grow it on all customers, and let customers who are held back say how far to prune it. Who is held
//! back is drawn several times; each time a tree is grown without them and judged on them at every price of a leaf.

#![expect(
    clippy::float_arithmetic,
    reason = "probabilities are statistics, not money"
)]

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::grow::{Grown, GrownSplit, grow};
use super::prune::Pruning;
use super::{DEPTH_MAX, DecisionTree, Leaf, Node, Side, Split, Test};
use crate::binning::Tally;
use crate::training::{TrainingError, TrainingSet, Values, real};
use kernel::progress::{Progress, Stopped};

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
    pub prune_for: PruneFor,
    /// The share of customers held back to prune by, above 0 and below 1.
    pub validation_share: f64,
    /// How often customers are held back.
    pub validation_draws: usize,
    /// Draws who is held back.
    pub seed: u64,
}

/// What is best on those held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PruneFor {
    /// To tell good from bad: the highest AUC.
    Ranking,
    /// To give true probabilities: the lowest log-loss. It prunes more.
    Probability,
}

impl Default for TreeSettings {
    fn default() -> Self {
        TreeSettings {
            most_depth: 8,
            least_leaf: 50,
            most_leaves: 64,
            least_gain: 0.0,
            smoothing: 20.0,
            prune_for: PruneFor::Ranking,
            validation_share: 0.3,
            validation_draws: 5,
            seed: 1,
        }
    }
}

/// A fitted tree with the report of its pruning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TreeFit {
    pub tree: DecisionTree,
    /// From the full tree to the root alone.
    pub pruning: Vec<PruningStep>,
    /// The price of a leaf that was chosen, in Gini impurity.
    pub complexity: f64,
}

/// How trees pruned at one price did on those held back, in the mean of the draws.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PruningStep {
    pub complexity: f64,
    /// Of the tree that was grown on all.
    pub leaves: usize,
    /// The mean of −ln(probability given to what happened): lower is better.
    pub log_loss: f64,
    /// P(the bad one of a pair has the higher probability) + ½ P(equal): higher is better.
    pub auc: f64,
}

#[derive(Debug, Clone, PartialEq, Error)]
pub enum TreeFitError {
    #[error("`{setting}` is out of its range: {range}")]
    Setting {
        setting: &'static str,
        range: &'static str,
    },
    #[error("too few customers to hold some back: {0}")]
    Split(#[from] TrainingError),
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl TreeSettings {
    fn check(&self) -> Result<(), TreeFitError> {
        let demands: [(&'static str, bool, &'static str); 7] = [
            (
                "most_depth",
                (1..=DEPTH_MAX).contains(&self.most_depth),
                "1 to 30",
            ),
            ("least_leaf", self.least_leaf >= 1, "at least 1"),
            (
                "most_leaves",
                (1..=10_000).contains(&self.most_leaves),
                "1 to 10,000",
            ),
            (
                "least_gain",
                (0.0..=0.5).contains(&self.least_gain),
                "0 to 0.5",
            ),
            (
                "smoothing",
                (1e-6..=1e6).contains(&self.smoothing),
                "0.000001 to a million",
            ),
            (
                "validation_share",
                (0.01..=0.9).contains(&self.validation_share),
                "0.01 to 0.9",
            ),
            (
                "validation_draws",
                (1..=100).contains(&self.validation_draws),
                "1 to 100",
            ),
        ];
        let wrong = demands.iter().find(|(_, right, _)| !right);
        wrong.map_or(Ok(()), |(setting, _, range)| {
            Err(TreeFitError::Setting { setting, range })
        })
    }
}

/// Fits a tree.
///
/// # Errors
/// Settings out of their range, or too few customers; or when it is told to stop.
pub fn fit(
    training: &TrainingSet,
    settings: &TreeSettings,
    progress: &Progress,
) -> Result<TreeFit, TreeFitError> {
    settings.check()?;
    let whole = Pruned::new(training, settings, progress)?;
    let mut pruning = whole.steps(progress)?;
    let draws = real(settings.validation_draws);
    for draw in (0..).take(settings.validation_draws) {
        let seed = settings.seed.wrapping_add(draw);
        let (learnt, held_back) = training.split(settings.validation_share, seed)?;
        let trial = Pruned::new(&learnt, settings, progress)?;
        let arrived = trial.arrivals(&held_back, progress)?;
        for step in &mut pruning {
            progress.go_on()?;
            let (log_loss, auc) = trial.judge(step.complexity, &arrived);
            step.log_loss += log_loss / draws;
            step.auc += auc / draws;
        }
    }
    let better = |a: &&PruningStep, b: &&PruningStep| {
        let first = match settings.prune_for {
            PruneFor::Ranking => b.auc.total_cmp(&a.auc),
            PruneFor::Probability => a.log_loss.total_cmp(&b.log_loss),
        };
        first.then(a.leaves.cmp(&b.leaves))
    };
    let allowed = pruning
        .iter()
        .filter(|step| step.leaves <= settings.most_leaves);
    let complexity = allowed
        .min_by(better)
        .map_or(f64::MAX, |step| step.complexity);
    let tree = DecisionTree {
        root: whole.node(0, complexity),
    };
    Ok(TreeFit {
        tree,
        pruning,
        complexity,
    })
}

/// A grown tree that can be seen at every complexity.
struct Pruned<'a> {
    training: &'a TrainingSet,
    settings: &'a TreeSettings,
    nodes: Vec<Grown>,
    pruning: Pruning,
}

impl<'a> Pruned<'a> {
    fn new(
        training: &'a TrainingSet,
        settings: &'a TreeSettings,
        progress: &Progress,
    ) -> Result<Pruned<'a>, Stopped> {
        let nodes = grow(training, settings, progress)?;
        let pruning = Pruning::of(&nodes, progress)?;
        Ok(Pruned {
            training,
            settings,
            nodes,
            pruning,
        })
    }

    fn probability(&self, tally: Tally) -> f64 {
        let all = self
            .nodes
            .first()
            .map(|root| root.tally)
            .unwrap_or_default();
        let average = real(all.bads) / real(all.total().max(1));
        let smoothing = self.settings.smoothing;
        (real(tally.bads) + smoothing * average) / (real(tally.total()) + smoothing)
    }

    /// The leaves at a complexity.
    fn leaves(&self, complexity: f64) -> Vec<usize> {
        let mut leaves = Vec::new();
        let mut open = vec![0];
        while let Some(place) = open.pop() {
            let Some(node) = self.nodes.get(place) else {
                continue;
            };
            match &node.split {
                Some(split) if !self.pruning.is_leaf(place, node, complexity) => {
                    open.extend([split.holds, split.fails]);
                }
                _ => leaves.push(place),
            }
        }
        leaves
    }

    /// The trees to choose from. Every price between two at which something goes gives the same tree; their geometric
    /// mean stands for them, since on other customers the same branches go at somewhat other prices (CART).
    fn steps(&self, progress: &Progress) -> Result<Vec<PruningStep>, Stopped> {
        let prices: Vec<f64> = std::iter::once(0.0)
            .chain(self.pruning.complexities.iter().copied())
            .collect();
        let nexts = prices
            .iter()
            .skip(1)
            .copied()
            .map(Some)
            .chain(std::iter::once(None));
        let step = |(price, next): (&f64, Option<f64>)| {
            progress.go_on()?;
            let complexity = next.map_or(*price, |next| (price * next).sqrt());
            let leaves = self.leaves(complexity).len();
            Ok(PruningStep {
                complexity,
                leaves,
                log_loss: 0.0,
                auc: 0.0,
            })
        };
        prices.iter().zip(nexts).map(step).collect()
    }

    /// Who comes through every node, of customers who were held back: the same columns as those learnt from.
    fn arrivals(
        &self,
        held_back: &TrainingSet,
        progress: &Progress,
    ) -> Result<Vec<Tally>, Stopped> {
        let mut arrived = vec![Tally::default(); self.nodes.len()];
        let questions: Vec<Option<Question<'_>>> = self
            .nodes
            .iter()
            .map(|node| Question::of(node.split.as_ref()?, held_back))
            .collect();
        for (row, outcome) in held_back.outcomes().iter().enumerate() {
            progress.go_on()?;
            let mut next = Some(0);
            while let Some(place) = next {
                if let Some(tally) = arrived.get_mut(place) {
                    tally.add(*outcome);
                }
                let question = questions.get(place).and_then(Option::as_ref);
                next = question.map(|question| question.child(row));
            }
        }
        Ok(arrived)
    }

    /// Log-loss and AUC of the tree at this price.
    fn judge(&self, complexity: f64, arrived: &[Tally]) -> (f64, f64) {
        let leaf = |place: usize| {
            let learnt = self.nodes.get(place)?.tally;
            Some((self.probability(learnt), *arrived.get(place)?))
        };
        let mut leaves: Vec<(f64, Tally)> = self
            .leaves(complexity)
            .into_iter()
            .filter_map(leaf)
            .collect();
        leaves.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let (mut loss, mut pairs, mut goods, mut bads) = (0.0, 0.0, 0.0, 0.0);
        for equal in leaves.chunk_by(|(a, _), (b, _)| a >= b) {
            let tally = equal
                .iter()
                .fold(Tally::default(), |sum, (_, tally)| sum.plus(*tally));
            let bad = equal.first().map_or(0.5, |(probability, _)| *probability);
            let (goods_here, bads_here) = (real(tally.goods), real(tally.bads));
            loss -= bads_here * bad.ln() + goods_here * (1.0 - bad).ln();
            pairs += bads_here * (goods + goods_here / 2.0);
            goods += goods_here;
            bads += bads_here;
        }
        (
            loss / (goods + bads).max(1.0),
            pairs / (goods * bads).max(1.0),
        )
    }

    fn node(&self, place: usize, complexity: f64) -> Node {
        let grown = self.nodes.get(place).cloned().unwrap_or_default();
        let is_leaf = self.pruning.is_leaf(place, &grown, complexity);
        let column = |split: &super::grow::GrownSplit| {
            self.training
                .characteristics()
                .get(split.column)
                .map(|column| column.name.clone())
        };
        match grown
            .split
            .filter(|_| !is_leaf)
            .and_then(|split| Some((column(&split)?, split)))
        {
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

/// A split, to be asked of many customers.
struct Question<'a> {
    split: &'a GrownSplit,
    values: &'a Values,
    /// The words for which it holds.
    words: HashSet<&'a str>,
}

impl<'a> Question<'a> {
    fn of(split: &'a GrownSplit, customers: &'a TrainingSet) -> Option<Question<'a>> {
        let values = &customers.characteristics().get(split.column)?.values;
        let words = match &split.test {
            Test::Below(_) => HashSet::new(),
            Test::OneOf(words) => words.iter().map(String::as_str).collect(),
        };
        Some(Question {
            split,
            values,
            words,
        })
    }

    /// The node that the customer in this row comes to.
    fn child(&self, row: usize) -> usize {
        let holds = match (&self.split.test, self.values) {
            (Test::Below(limit), Values::Numeric(values)) => {
                let value = values.get(row).copied().flatten();
                value.map(|value| value < *limit)
            }
            (Test::OneOf(_), Values::Categorical(values)) => {
                let word = values.get(row).and_then(Option::as_deref);
                word.map(|word| self.words.contains(word))
            }
            _ => None,
        };
        match holds.map_or(self.split.missing, Side::of) {
            Side::Holds => self.split.holds,
            Side::Fails => self.split.fails,
        }
    }
}
