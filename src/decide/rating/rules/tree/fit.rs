//! Fitting a tree: grow it on all customers, and let customers who are held back say how far to prune it. Who is held
//! back is drawn several times; each time a tree is grown without them and judged on them at every price of a leaf.

#![expect(
    clippy::float_arithmetic,
    reason = "probabilities are statistics, not money"
)]

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
/// Settings out of their range, or too few customers.
pub fn fit(training: &TrainingSet, settings: &TreeSettings) -> Result<TreeFit, TreeFitError> {
    settings.check()?;
    let whole = Pruned::new(training, settings);
    let mut pruning = whole.steps();
    let draws = real(settings.validation_draws);
    for draw in (0..).take(settings.validation_draws) {
        let seed = settings.seed.wrapping_add(draw);
        let (learnt, held_back) = training.split(settings.validation_share, seed)?;
        let trial = Pruned::new(&learnt, settings);
        let arrived = trial.arrivals(&held_back);
        for step in &mut pruning {
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
    fn new(training: &'a TrainingSet, settings: &'a TreeSettings) -> Pruned<'a> {
        let nodes = grow(training, settings);
        let pruning = Pruning::of(&nodes);
        Pruned {
            training,
            settings,
            nodes,
            pruning,
        }
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
    fn steps(&self) -> Vec<PruningStep> {
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
            let complexity = next.map_or(*price, |next| (price * next).sqrt());
            let leaves = self.leaves(complexity).len();
            PruningStep {
                complexity,
                leaves,
                log_loss: 0.0,
                auc: 0.0,
            }
        };
        prices.iter().zip(nexts).map(step).collect()
    }

    /// Who comes through every node, of customers who were held back.
    fn arrivals(&self, held_back: &TrainingSet) -> Vec<Tally> {
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
        arrived
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
