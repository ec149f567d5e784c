//! From a training set to a fitted model and its validation report.

#![expect(
    clippy::float_arithmetic,
    reason = "probabilities are statistics, not money"
)]

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use thiserror::Error;

use crate::decide::rating::models::model::{Columns, FitPlan, ModelKind};
use crate::decide::rating::rules::scorecard::ScorecardError;
use crate::decide::rating::rules::scorecard::fit::{FitError, fit as fit_scorecard};
use crate::decide::rating::rules::training::{
    Characteristic, Outcome, TrainingError, TrainingSet, Values,
};
use crate::decide::rating::rules::tree::TreeError;
use crate::decide::rating::rules::tree::fit::{TreeFitError, fit as fit_tree};
use crate::decide::rating::rules::validation::{
    Observation, ValidationError, ValidationReport, validate,
};

/// Why nothing was fitted.
#[derive(Debug, Error)]
pub enum FittingError {
    #[error("only scorecards and decision trees can be fitted")]
    Kind,
    #[error("the file has no column `{0}`")]
    Column(String),
    #[error("row {row} has `{found}` in the target column, which is neither good nor bad")]
    Target { row: usize, found: String },
    #[error("validation_share must be from 0.05 to 0.9")]
    Share,
    #[error(transparent)]
    Training(#[from] TrainingError),
    #[error(transparent)]
    Scorecard(#[from] FitError),
    #[error(transparent)]
    Tree(#[from] TreeFitError),
    #[error(transparent)]
    Score(#[from] ScorecardError),
    #[error(transparent)]
    Predict(#[from] TreeError),
    #[error(transparent)]
    Validation(#[from] ValidationError),
}

/// A fitted model: its document, and the report of its making and validation.
#[derive(Debug, Clone)]
pub struct Fitted {
    pub document: Json,
    pub report: Report,
}

/// How a model was made, and how well it did on customers that were held back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// How many were learnt from, and how many held back.
    pub learnt_from: usize,
    pub held_back: usize,
    pub seed: u64,
    pub validation: ValidationReport,
    /// Of a scorecard its regression and every candidate's fate, of a tree its pruning.
    pub fitting: Json,
}

/// The training set in these columns.
///
/// # Errors
/// When a column is not there, the target has a strange value, or the set can't be learnt from.
pub fn table(plan: &FitPlan, mut columns: Columns) -> Result<TrainingSet, FittingError> {
    let target = columns
        .remove(&plan.target.column)
        .ok_or_else(|| FittingError::Column(plan.target.column.clone()))?;
    let mut outcomes = Vec::with_capacity(target.len());
    for (row, found) in target.into_iter().enumerate() {
        let found = found.unwrap_or_default();
        let outcome = match &plan.target.good {
            _ if found == plan.target.bad => Outcome::Bad,
            Some(good) if found != *good => return Err(FittingError::Target { row, found }),
            _ => Outcome::Good,
        };
        outcomes.push(outcome);
    }
    let wanted: Vec<String> = if plan.characteristics.is_empty() {
        columns.keys().cloned().collect()
    } else {
        plan.characteristics.clone()
    };
    let mut characteristics = Vec::with_capacity(wanted.len());
    for name in wanted {
        let cells = columns
            .remove(&name)
            .ok_or_else(|| FittingError::Column(name.clone()))?;
        let as_words = plan.words.contains(&name);
        characteristics.push(characteristic(name, cells, as_words));
    }
    Ok(TrainingSet::new(characteristics, outcomes)?)
}

/// Numbers where every value is one, words otherwise.
fn characteristic(name: String, cells: Vec<Option<String>>, as_words: bool) -> Characteristic {
    let number = |cell: &Option<String>| match cell {
        None => Some(None),
        Some(text) => {
            let number: Option<f64> = text.parse().ok();
            number.filter(|number| number.is_finite()).map(Some)
        }
    };
    let numbers: Option<Vec<Option<f64>>> = cells.iter().map(number).collect();
    let values = match numbers {
        Some(numbers) if !as_words => Values::Numeric(numbers),
        _ => Values::Categorical(cells),
    };
    Characteristic { name, values }
}

/// Fits a model on a part of the customers, and validates it on the rest.
///
/// # Errors
/// When settings are out of range, or the set does not give a model.
pub fn fit(plan: &FitPlan, set: &TrainingSet) -> Result<Fitted, FittingError> {
    if !(0.05..=0.9).contains(&plan.validation_share) {
        return Err(FittingError::Share);
    }
    let (learnt, held_back) = set.split(plan.validation_share, plan.seed)?;
    let (document, fitting, observations) = match plan.kind {
        ModelKind::Scorecard => {
            let fitted = fit_scorecard(&learnt, &plan.scorecard)?;
            let observations = observe(&held_back, |row| {
                let scored = fitted.scorecard.score(&held_back.answers(row))?;
                Ok((scored.score, scored.probability_of_default))
            })?;
            let document = json!({"points": fitted.scorecard});
            let fitting = json!({"regression": fitted.regression, "candidates": fitted.candidates});
            (document, fitting, observations)
        }
        ModelKind::DecisionTree => {
            let fitted = fit_tree(&learnt, &plan.decision_tree)?;
            let observations = observe(&held_back, |row| {
                let found = fitted.tree.predict(&held_back.answers(row))?;
                let probability = found.probability_of_default;
                Ok((1.0 - probability, Some(probability)))
            })?;
            let document = json!(fitted.tree);
            let fitting = json!({"pruning": fitted.pruning, "complexity": fitted.complexity});
            (document, fitting, observations)
        }
        ModelKind::AttributeTree | ModelKind::AnchoredTopsis | ModelKind::Composite => {
            return Err(FittingError::Kind);
        }
    };
    Ok(Fitted {
        document,
        report: Report {
            learnt_from: learnt.outcomes().len(),
            held_back: held_back.outcomes().len(),
            seed: plan.seed,
            validation: validate(&observations, &plan.validation)?,
            fitting,
        },
    })
}

fn observe(
    set: &TrainingSet,
    judge: impl Fn(usize) -> Result<(f64, Option<f64>), FittingError>,
) -> Result<Vec<Observation>, FittingError> {
    let rows = set.outcomes().iter().enumerate();
    rows.map(|(row, outcome)| {
        let (score, probability_of_default) = judge(row)?;
        Ok(Observation {
            score,
            outcome: *outcome,
            probability_of_default,
        })
    })
    .collect()
}
