//! From a model's document to what it says of a customer.

mod appraising;
mod fitting;
mod reading;
pub mod table;
pub mod warnings;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::model::{PointsRange, TopsisCriterion};
use crate::rating::rules::composite::MissingModel;
use kernel::ids::RatingModelId;
use methods::attributes::{Attribute, WeighedTree, template};
use methods::scorecard::Scorecard;
use methods::scoring::Value;
use methods::tree::DecisionTree;

pub use fitting::{Fitted, FittingError, Report, fit};
pub use reading::{Part, read};

/// A model in which nothing is wrong, ready to score any number of customers.
#[derive(Debug, Clone, PartialEq)]
pub enum Ready {
    AttributeTree(WeighedTree),
    AnchoredTopsis(Vec<TopsisCriterion>),
    Scorecard {
        scorecard: Scorecard,
        range: Option<PointsRange>,
    },
    DecisionTree(DecisionTree),
    Composite {
        parts: Vec<ReadyPart>,
        missing: MissingModel,
    },
}

/// What customers are graded by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    Score,
    /// The probability of default.
    Probability,
    /// A composite of models of both kinds: its score is neither.
    Mixed,
}

/// One model of a composite.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadyPart {
    pub model_id: RatingModelId,
    /// Its code and version, such as `TRADE/2`.
    pub name: String,
    pub share: f64,
    pub model: Ready,
}

/// What a model says of a customer, factor by factor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Appraised {
    /// 0, the worst, to 1.
    pub score: f64,
    /// 0 to 1; none from models that give no probability.
    pub probability_of_default: Option<f64>,
    /// The points of a scorecard.
    pub points: Option<f64>,
    /// What missing values cost, in score.
    pub penalty: f64,
    /// What a decision tree calls those who end where this customer ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    pub factors: Vec<Factor>,
    /// The codes of what cost most, the costliest first; at most four.
    pub reasons: Vec<String>,
}

/// One factor of a score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Factor {
    /// The codes from the top of the model down to here, this one last.
    pub path: Vec<String>,
    /// None when nothing is known.
    pub value: Option<Value>,
    /// How the value came to count, such as `interpolated`, `answer`, `left_out`.
    pub basis: String,
    /// In the whole, 0 to 1.
    pub weight: Option<f64>,
    pub points: Option<f64>,
    pub best_points: Option<f64>,
    /// What it brings into the score.
    pub contribution: Option<f64>,
    /// What it falls short of the best: in score, of a scorecard in points.
    pub lost: Option<f64>,
}

impl Ready {
    /// The codes of the indicators that it asks for.
    pub fn indicators(&self) -> BTreeSet<String> {
        match self {
            Ready::AttributeTree(tree) => {
                let leaves = tree.indicators.iter();
                leaves.map(|leaf| leaf.indicator.code.clone()).collect()
            }
            Ready::AnchoredTopsis(criteria) => {
                let codes = criteria.iter().map(|criterion| criterion.code.clone());
                codes.collect()
            }
            Ready::Scorecard { scorecard, .. } => {
                let tables = scorecard.characteristics.iter();
                tables.map(|table| table.characteristic.clone()).collect()
            }
            Ready::DecisionTree(tree) => reading::asked_by(tree),
            Ready::Composite { parts, .. } => parts
                .iter()
                .flat_map(|part| part.model.indicators())
                .collect(),
        }
    }

    /// What customers whom the model scores are graded by.
    pub fn measure(&self) -> Measure {
        match self {
            Ready::AttributeTree(_) | Ready::AnchoredTopsis(_) => Measure::Score,
            Ready::Scorecard { scorecard, .. } if scorecard.scaling.is_none() => Measure::Score,
            Ready::Scorecard { .. } | Ready::DecisionTree(_) => Measure::Probability,
            Ready::Composite { parts, .. } => {
                let measures: BTreeSet<Measure> =
                    parts.iter().map(|part| part.model.measure()).collect();
                match measures.first() {
                    Some(measure) if measures.len() == 1 => *measure,
                    _ => Measure::Mixed,
                }
            }
        }
    }

    /// Scores a customer by the values that are known.
    ///
    /// # Errors
    /// Why there is no score, in words.
    pub fn appraise(&self, values: &BTreeMap<String, Value>) -> Result<Appraised, String> {
        appraising::appraise(self, values)
    }
}

/// The model that a new book begins with: the four aspects, by measured indicators.
pub fn default_tree() -> Option<Attribute> {
    template("FOUR_ASPECTS")
}

#[cfg(test)]
mod tests;
