//! From a training set to a fitted model and its validation report.

#![expect(
    clippy::float_arithmetic,
    reason = "probabilities are statistics, not money"
)]

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use thiserror::Error;

use super::table::Taken;
use super::warnings::{self, Warning};
use crate::rating::models::model::{FitPlan, ModelKind};
use kernel::progress::{Progress, Stopped};
use methods::binning::Tally;
use methods::logistic::LogisticError;
use methods::scorecard::ScorecardError;
use methods::scorecard::fit::{FitError, fit as fit_scorecard};
use methods::training::{Answers, TrainingError, TrainingSet};
use methods::tree::TreeError;
use methods::tree::fit::{TreeFitError, fit as fit_tree};
use methods::validation::{Observation, ValidationError, ValidationReport, validate};

/// Why nothing was fitted.
#[derive(Debug, Error)]
pub enum FittingError {
    #[error("only scorecards and decision trees can be fitted")]
    Kind,
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
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl FittingError {
    /// Whether it is that the fit was told to stop.
    pub fn stopped(&self) -> Option<Stopped> {
        match self {
            FittingError::Stopped(stopped)
            | FittingError::Validation(ValidationError::Stopped(stopped))
            | FittingError::Tree(TreeFitError::Stopped(stopped))
            | FittingError::Scorecard(
                FitError::Stopped(stopped) | FitError::Logistic(LogisticError::Stopped(stopped)),
            ) => Some(*stopped),
            _ => None,
        }
    }
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
    /// How many rows were left out because nobody knows how the customer turned out.
    #[serde(default)]
    pub without_outcome: usize,
    /// What a person should know before the model is trusted.
    #[serde(default)]
    pub warnings: Vec<Warning>,
    pub seed: u64,
    pub validation: ValidationReport,
    /// Of a scorecard its regression and every candidate's fate, of a tree its pruning.
    pub fitting: Json,
}

/// Fits a model on a part of the customers, and validates it on the rest.
///
/// # Errors
/// When settings are out of range, the set does not give a model, or it is told to stop.
pub fn fit(plan: &FitPlan, taken: Taken, progress: &Progress) -> Result<Fitted, FittingError> {
    if !(0.05..=0.9).contains(&plan.validation_share) {
        return Err(FittingError::Share);
    }
    let Taken {
        set,
        without_outcome,
        of_too_many_words,
    } = taken;
    let Tally { goods, bads } = Tally::of(set.outcomes());
    progress.expect(passes(plan).saturating_mul(set.outcomes().len()));
    let (learnt, held_back) = set.split(plan.validation_share, plan.seed)?;
    drop(set);
    let mut warnings = warnings::of_numbers(goods.saturating_add(bads), bads);
    warnings.extend(warnings::of_leaks(&learnt, &held_back, progress)?);
    let left_out = of_too_many_words.into_iter();
    warnings.extend(left_out.map(|column| Warning::TooManyWords { column }));
    if without_outcome > 0 {
        let rows = without_outcome;
        warnings.push(Warning::WithoutOutcome { rows });
    }
    let learning = Learning {
        plan,
        learnt: &learnt,
        held_back: &held_back,
        progress,
    };
    let (document, fitting, observations) = match plan.kind {
        ModelKind::Scorecard => learning.scorecard()?,
        ModelKind::DecisionTree => learning.tree()?,
        ModelKind::AttributeTree | ModelKind::AnchoredTopsis | ModelKind::Composite => {
            return Err(FittingError::Kind);
        }
    };
    Ok(Fitted {
        document,
        report: Report {
            learnt_from: learnt.outcomes().len(),
            held_back: held_back.outcomes().len(),
            without_outcome,
            warnings,
            seed: plan.seed,
            validation: validate(&observations, &plan.validation, progress)?,
            fitting,
        },
    })
}

/// How often a fit goes through the rows, at most; an estimate.
fn passes(plan: &FitPlan) -> usize {
    let settings = &plan.decision_tree;
    match plan.kind {
        ModelKind::DecisionTree => settings
            .validation_draws
            .saturating_add(1)
            .saturating_mul(settings.most_depth)
            .saturating_add(1)
            .min(1_000),
        _ => 2,
    }
}

/// What was learnt: the document, how it was made, and what it says of those who were held back.
type Learnt = (Json, Json, Vec<Observation>);

/// A fit at work.
struct Learning<'a> {
    plan: &'a FitPlan,
    learnt: &'a TrainingSet,
    held_back: &'a TrainingSet,
    progress: &'a Progress,
}

impl Learning<'_> {
    fn scorecard(&self) -> Result<Learnt, FittingError> {
        let fitted = fit_scorecard(self.learnt, &self.plan.scorecard, self.progress)?;
        self.progress.advance(self.learnt.outcomes().len())?;
        let observations = self.observe(|answers| {
            let scored = fitted.scorecard.score(answers)?;
            Ok((scored.score, scored.probability_of_default))
        })?;
        let document = json!({"points": fitted.scorecard});
        let fitting = json!({"regression": fitted.regression, "candidates": fitted.candidates});
        Ok((document, fitting, observations))
    }

    fn tree(&self) -> Result<Learnt, FittingError> {
        let fitted = fit_tree(self.learnt, &self.plan.decision_tree, self.progress)?;
        let observations = self.observe(|answers| {
            let probability = fitted.tree.probability(answers)?;
            Ok((1.0 - probability, Some(probability)))
        })?;
        let document = json!(fitted.tree);
        let fitting = json!({"pruning": fitted.pruning, "complexity": fitted.complexity});
        Ok((document, fitting, observations))
    }

    /// What the model says of those who were held back.
    fn observe(
        &self,
        judge: impl Fn(&Answers) -> Result<(f64, Option<f64>), FittingError>,
    ) -> Result<Vec<Observation>, FittingError> {
        let rows = self.held_back.outcomes().iter().enumerate();
        rows.map(|(row, outcome)| {
            self.progress.advance(1)?;
            let (score, probability_of_default) = judge(&self.held_back.answers(row))?;
            Ok(Observation {
                score,
                outcome: *outcome,
                probability_of_default,
            })
        })
        .collect()
    }
}
