//! From a document to a model, or to everything that is wrong with it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::{Ready, ReadyPart};
use crate::rating::models::model::{
    CompositeModel, ModelKind, PointsRange, ScorecardModel, TopsisModel, TreeModel,
};
use crate::rating::rules::composite::{CompositeError, ModelScore, composite_score};
use kernel::ids::RatingModelId;
use methods::attributes::AttributeProblem;
use methods::faults::{self, Fault};
use methods::scorecard::{Scorecard, ScorecardError};
use methods::topsis::{AnchoredCriterion, TopsisError, score_anchored};
use methods::tree::{DecisionTree, Node, TreeError};

/// The most criteria, characteristics or parts of a model.
const MEMBERS_MAX: usize = 200;

/// A model that composites may refer to.
#[derive(Debug, Clone)]
pub struct Part {
    /// Its code and version, such as `TRADE/2`.
    pub name: String,
    pub model: Ready,
}

/// The model that a document of this kind describes; `parts` are the models that a composite may refer to.
///
/// # Errors
/// Everything that is wrong, each with its place in the document.
pub fn read(
    kind: ModelKind,
    document: &Json,
    parts: &BTreeMap<RatingModelId, Part>,
) -> Result<Ready, Vec<Fault>> {
    match kind {
        ModelKind::AttributeTree => read_attributes(&shape(document)?),
        ModelKind::AnchoredTopsis => read_topsis(shape(document)?),
        ModelKind::Scorecard => read_scorecard(shape(document)?),
        ModelKind::DecisionTree => read_tree(shape(document)?),
        ModelKind::Composite => read_composite(&shape(document)?, parts),
    }
}

fn shape<T: serde::de::DeserializeOwned>(document: &Json) -> Result<T, Vec<Fault>> {
    faults::read(document).map_err(|fault| vec![fault])
}

fn one<T>(fault: Fault) -> Result<T, Vec<Fault>> {
    Err(vec![fault])
}

fn read_attributes(model: &TreeModel) -> Result<Ready, Vec<Fault>> {
    let weighed = model
        .tree
        .weigh(model.consistency, model.purpose.as_deref());
    weighed.map(Ready::AttributeTree).map_err(|problems| {
        let fault = |found: methods::attributes::TreeProblem| {
            let code = match found.problem {
                AttributeProblem::Inconsistent { .. } => "inconsistent",
                AttributeProblem::CodeTwice => "repeated",
                AttributeProblem::Purpose { .. } => "purpose",
                _ => "invalid",
            };
            Fault::new(format!("/tree{}", found.pointer), code, found.problem)
        };
        problems.into_iter().map(fault).collect()
    })
}

fn read_topsis(model: TopsisModel) -> Result<Ready, Vec<Fault>> {
    let criteria = model.criteria;
    if criteria.len() > MEMBERS_MAX {
        return one(Fault::new(
            "/criteria",
            "above_maximum",
            "must be at most 200",
        ));
    }
    let mut seen = BTreeSet::new();
    for (index, criterion) in criteria.iter().enumerate() {
        if criterion.code.trim().is_empty() || !seen.insert(&criterion.code) {
            let message = "each criterion needs a code of its own";
            let pointer = format!("/criteria/{index}/code");
            return one(Fault::new(pointer, "repeated", message));
        }
    }
    let anchored: Vec<AnchoredCriterion> = criteria
        .iter()
        .map(|criterion| AnchoredCriterion {
            code: criterion.code.clone(),
            weight: criterion.weight,
            worst: criterion.worst,
            best: criterion.best,
        })
        .collect();
    let best: Vec<f64> = criteria.iter().map(|criterion| criterion.best).collect();
    match score_anchored(&anchored, &best) {
        Ok(_) => Ok(Ready::AnchoredTopsis(criteria)),
        Err(error) => {
            let place = |code: &String| criteria.iter().position(|one| one.code == *code);
            let pointer = match &error {
                TopsisError::Anchors { criterion } | TopsisError::Value { criterion, .. } => {
                    format!("/criteria/{}/best", place(criterion).unwrap_or(0))
                }
                _ => "/criteria".to_owned(),
            };
            one(Fault::new(pointer, "invalid", error))
        }
    }
}

fn read_scorecard(model: ScorecardModel) -> Result<Ready, Vec<Fault>> {
    let (scorecard, place) = match (model.points, model.coefficients) {
        (Some(points), None) => (points, "/points"),
        (None, Some(given)) => {
            let scorecard = Scorecard::of_coefficients(
                given.intercept,
                &given.characteristics,
                given.scaling,
                given.missing,
            );
            let scorecard =
                scorecard.map_err(|error| vec![Fault::new("/coefficients", "invalid", error)])?;
            (scorecard, "/coefficients")
        }
        _ => {
            let message = "give either points or coefficients";
            return one(Fault::new("", "one_of", message));
        }
    };
    if scorecard.characteristics.len() > MEMBERS_MAX {
        let pointer = format!("{place}/characteristics");
        return one(Fault::new(pointer, "above_maximum", "must be at most 200"));
    }
    if let Err(error) = scorecard.check() {
        let pointer = format!("{place}{}", place_in_scorecard(&scorecard, &error));
        return one(Fault::new(pointer, "invalid", error));
    }
    let range = model.range;
    let ascends = |range: PointsRange| {
        range.worst < range.best && range.worst.is_finite() && range.best.is_finite()
    };
    if range.is_some_and(|range| !ascends(range)) {
        let message = "worst must be below best";
        return one(Fault::new("/range", "invalid", message));
    }
    Ok(Ready::Scorecard { scorecard, range })
}

fn place_in_scorecard(scorecard: &Scorecard, error: &ScorecardError) -> String {
    let of = |name: &str| {
        let mut tables = scorecard.characteristics.iter();
        let found = tables.position(|table| table.characteristic == name);
        found.map_or_else(
            || "/characteristics".to_owned(),
            |index| format!("/characteristics/{index}"),
        )
    };
    match error {
        ScorecardError::Bands { name, .. } => format!("{}/bands", of(name)),
        ScorecardError::Twice { name } | ScorecardError::Missing { name } => of(name),
        ScorecardError::NotFinite { place } => match place.rsplit_once('.') {
            Some((name, _)) => of(name),
            None => format!("/{place}"),
        },
        ScorecardError::NoCharacteristics => "/characteristics".to_owned(),
        ScorecardError::Penalty => "/missing".to_owned(),
        ScorecardError::Scaling(_) => "/scaling".to_owned(),
    }
}

fn read_tree(tree: DecisionTree) -> Result<Ready, Vec<Fault>> {
    match tree.check() {
        Ok(()) => Ok(Ready::DecisionTree(tree)),
        Err(TreeError { place, problem }) => {
            // `root.holds` is `/root/split/holds` in JSON.
            let pointer = format!("/{}", place.replace('.', "/split/"));
            one(Fault::new(pointer, "invalid", problem))
        }
    }
}

fn read_composite(
    model: &CompositeModel,
    parts: &BTreeMap<RatingModelId, Part>,
) -> Result<Ready, Vec<Fault>> {
    let mut found = Vec::new();
    let mut ready = Vec::new();
    if model.parts.len() > MEMBERS_MAX {
        return one(Fault::new("/parts", "above_maximum", "must be at most 200"));
    }
    for (index, part) in model.parts.iter().enumerate() {
        let pointer = format!("/parts/{index}/model_id");
        match parts.get(&part.model_id) {
            None => {
                let message = "names no model that is past its draft";
                found.push(Fault::new(pointer, "unknown", message));
            }
            Some(Part {
                model: Ready::Composite { .. },
                ..
            }) => {
                let message = "is a composite itself: name its parts instead";
                found.push(Fault::new(pointer, "composite", message));
            }
            Some(known) => ready.push(ReadyPart {
                model_id: part.model_id,
                name: known.name.clone(),
                share: part.share,
                model: known.model.clone(),
            }),
        }
    }
    // With a perfect score of every part, only what is wrong with shares and rule is left to complain of.
    let perfect: Vec<ModelScore> = model
        .parts
        .iter()
        .map(|part| ModelScore {
            model: part.model_id.to_string(),
            share: part.share,
            score: Some(1.0),
        })
        .collect();
    if let Err(error) = composite_score(&perfect, model.missing) {
        let place = |id: &String| {
            let mut parts = model.parts.iter();
            parts.position(|part| part.model_id.to_string() == *id)
        };
        let pointer = match &error {
            CompositeError::CountAs => "/missing/score".to_owned(),
            CompositeError::Share { model } => {
                format!("/parts/{}/share", place(model).unwrap_or(0))
            }
            CompositeError::Twice { .. } | CompositeError::NothingCounts => "/parts".to_owned(),
            _ => String::new(),
        };
        found.push(Fault::new(pointer, "invalid", error));
    }
    if !found.is_empty() {
        return Err(found);
    }
    Ok(Ready::Composite {
        parts: ready,
        missing: model.missing,
    })
}

/// The characteristics that a tree asks for.
pub fn asked_by(tree: &DecisionTree) -> BTreeSet<String> {
    let mut asked = BTreeSet::new();
    let mut waiting = vec![&tree.root];
    while let Some(node) = waiting.pop() {
        if let Node::Split(split) = node {
            asked.insert(split.characteristic.clone());
            waiting.extend([&split.holds, &split.fails]);
        }
    }
    asked
}
