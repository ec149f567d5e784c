//! Pruning: the branches that gain least for their leaves go first (minimal cost-complexity), and customers who were not
//! learnt from say how far.

#![expect(
    clippy::float_arithmetic,
    reason = "impurities are statistics, not money"
)]

use super::grow::{Grown, gini};
use crate::training::real;
use kernel::progress::{Progress, Stopped};

/// The trees from the full one to the root alone, each the one before it without its weakest branch.
#[derive(Debug, Clone)]
pub struct Pruning {
    /// For each node the complexity at which it becomes a leaf; infinite for what always is one.
    collapse: Vec<f64>,
    /// The complexities at which something goes, ascending.
    pub complexities: Vec<f64>,
}

impl Pruning {
    /// Finds at which price of a leaf each branch no longer pays. A branch's price is what it takes off the impurity
    /// (as a share of all rows), divided by the leaves that it adds.
    ///
    /// # Errors
    /// When it is told to stop.
    pub fn of(nodes: &[Grown], progress: &Progress) -> Result<Pruning, Stopped> {
        let rows = real(nodes.first().map_or(1, |root| root.tally.total()).max(1));
        let risk = |node: &Grown| gini(node.tally) * real(node.tally.total()) / rows;
        let mut collapse = vec![f64::INFINITY; nodes.len()];
        let mut complexities = Vec::new();
        let mut price = 0.0_f64;
        loop {
            progress.go_on()?;
            let summary = Summary::of(nodes, &collapse, risk);
            let Some(cheapest) = summary.cheapest(nodes, &collapse, risk) else {
                break;
            };
            // Rounding must not make a later price lower than an earlier one.
            price = price.max(cheapest.1);
            if let Some(cell) = collapse.get_mut(cheapest.0) {
                *cell = price;
            }
            complexities.push(price);
        }
        complexities.dedup();
        Ok(Pruning {
            collapse,
            complexities,
        })
    }

    /// Whether a node is a leaf in the tree of this complexity.
    pub fn is_leaf(&self, node: usize, grown: &Grown, complexity: f64) -> bool {
        let price = self.collapse.get(node).copied().unwrap_or_default();
        grown.split.is_none() || price <= complexity
    }
}

/// Leaves and their risk below every node, as pruned so far.
struct Summary {
    below: Vec<(usize, f64)>,
    reachable: Vec<bool>,
}

impl Summary {
    fn of(nodes: &[Grown], collapse: &[f64], risk: impl Fn(&Grown) -> f64) -> Summary {
        let mut below = vec![(1_usize, 0.0); nodes.len()];
        let mut reachable = vec![false; nodes.len()];
        let cut = |node: usize| collapse.get(node).is_none_or(|price| price.is_finite());
        // Children stand after their parents: upwards from the end, downwards from the beginning.
        for (node, grown) in nodes.iter().enumerate().rev() {
            let sum = match &grown.split {
                Some(split) if !cut(node) => {
                    let of = |child: usize| below.get(child).copied().unwrap_or((0, 0.0));
                    let ((a, x), (b, y)) = (of(split.holds), of(split.fails));
                    (a.saturating_add(b), x + y)
                }
                _ => (1, risk(grown)),
            };
            if let Some(cell) = below.get_mut(node) {
                *cell = sum;
            }
        }
        if let Some(root) = reachable.get_mut(0) {
            *root = true;
        }
        for (node, grown) in nodes.iter().enumerate() {
            let here = reachable.get(node).copied().unwrap_or(false);
            if let Some(split) = grown.split.as_ref().filter(|_| here && !cut(node)) {
                for child in [split.holds, split.fails] {
                    if let Some(cell) = reachable.get_mut(child) {
                        *cell = true;
                    }
                }
            }
        }
        Summary { below, reachable }
    }

    /// The branch with the lowest price, and the price.
    fn cheapest(
        &self,
        nodes: &[Grown],
        collapse: &[f64],
        risk: impl Fn(&Grown) -> f64,
    ) -> Option<(usize, f64)> {
        let mut best: Option<(usize, f64)> = None;
        for (node, grown) in nodes.iter().enumerate() {
            let here = self.reachable.get(node).copied().unwrap_or(false);
            let whole = collapse.get(node).is_some_and(|price| price.is_infinite());
            let Some((leaves, after)) = self.below.get(node).copied() else {
                continue;
            };
            if !here || !whole || grown.split.is_none() {
                continue;
            }
            let price = (risk(grown) - after) / real(leaves.saturating_sub(1).max(1));
            if best.is_none_or(|(_, least)| price < least) {
                best = Some((node, price));
            }
        }
        best
    }
}
