//! What grades and the order of customers hang on, in a model that weighs attributes.

#![expect(
    clippy::float_arithmetic,
    reason = "weights and scores are f64; money is not handled here"
)]

use std::collections::BTreeMap;

use super::RatingError;
use super::engine::numbers_of;
use super::survey::found;
use crate::book::customers::model::CustomerRef;
use crate::platform::db::Db;
use crate::rating::indicators::actions as indicators;
use crate::rating::indicators::model::IndicatorValue;
use crate::rating::models::actions::ModelVersion;
use crate::rating::models::rules::Ready;
use crate::rating::models::store as models;
use crate::rating::ratings::rules::{self, Said};
use crate::rating::scales::actions as scales;
use kernel::ids::{CustomerId, RatingModelId};
use methods::attributes::{GradeTurn, Turning, WeighedTree};
use methods::scoring::{Scored, Value};

/// What hangs on a model's weights.
#[derive(Debug, Clone)]
pub struct Sensitive {
    pub customers: Vec<SensitiveCustomer>,
    /// Of the customers who could be scored, in the same order.
    pub scored: Vec<CustomerId>,
    /// Every attribute that has siblings to trade weight with, top down; places count among `scored`.
    pub attributes: Vec<Turning>,
}

/// A customer as the model sees it today.
#[derive(Debug, Clone)]
pub struct SensitiveCustomer {
    pub customer: CustomerId,
    pub number: String,
    /// What the score alone gives.
    pub grade: String,
    pub score: Option<f64>,
    /// Why there is no score.
    pub refusal: Option<String>,
    /// The smallest move of weight, in the whole, that gives another grade.
    pub nearest: Option<NearestTurn>,
}

/// A move of one attribute's weight that gives another grade.
#[derive(Debug, Clone)]
pub struct NearestTurn {
    pub path: Vec<String>,
    /// Among the siblings, as it is.
    pub weight: f64,
    pub turn: GradeTurn,
    /// How much weight it moves in the whole.
    pub moved: f64,
}

/// How the weights of an attribute tree move when one is changed by a step, and at which weights the grades of these
/// customers, by score alone and on the live scale, and their order turn over.
///
/// # Errors
/// When there is no such model or customer, the model is no attribute tree, or the step is out of its range.
pub fn sensitivity(
    db: &mut Db,
    id: RatingModelId,
    listed: &[CustomerRef],
    step: f64,
) -> Result<Sensitive, RatingError> {
    let row = models::find(db, id)?.ok_or(RatingError::NoModel)?;
    let Ready::AttributeTree(tree) = ModelVersion::read(db, &row)?.model else {
        return Err(RatingError::NotATree(row.kind));
    };
    let ids = found(db, listed)?;
    let today = db.today();
    let known = indicators::values(db, &ids, today)?;
    let numbers = numbers_of(db, &ids)?;
    let scale = scales::live(db)?.content;
    let (mut customers, mut scored, mut results) = (Vec::new(), Vec::new(), Vec::new());
    for id in ids {
        let result = score(&tree, known.get(&id));
        let score = result.as_ref().ok().map(|result| result.score);
        customers.push(SensitiveCustomer {
            customer: id,
            number: numbers.get(&id).cloned().unwrap_or_default(),
            grade: rules::grade_of(
                &scale,
                score.map(|score| Said {
                    score,
                    probability_of_default: None,
                }),
            ),
            score,
            refusal: result.as_ref().err().cloned(),
            nearest: None,
        });
        if let Ok(result) = result {
            scored.push(id);
            results.push(result);
        }
    }
    let attributes = tree.turning(&results, &scale.scale, step)?;
    for customer in &mut customers {
        let place = scored.iter().position(|id| *id == customer.customer);
        customer.nearest = place.and_then(|place| nearest(&tree, &attributes, place));
    }
    Ok(Sensitive {
        customers,
        scored,
        attributes,
    })
}

fn score(
    tree: &WeighedTree,
    known: Option<&BTreeMap<String, IndicatorValue>>,
) -> Result<Scored, String> {
    let leaves = tree.indicators.iter();
    let values: BTreeMap<String, Value> = leaves
        .filter_map(|leaf| {
            let code = &leaf.indicator.code;
            Some((code.clone(), known?.get(code)?.value.clone()?))
        })
        .collect();
    let scored = tree.score(&values).map_err(|error| error.to_string())?;
    Ok(scored.result)
}

/// The smallest move of weight, in the whole, that gives the customer at a place another grade.
fn nearest(tree: &WeighedTree, attributes: &[Turning], place: usize) -> Option<NearestTurn> {
    let moves = attributes.iter().flat_map(|attribute| {
        let above = attribute.path.split_last().map(|(_, above)| above);
        let parent = tree
            .attributes
            .iter()
            .find(|other| Some(other.path.as_slice()) == above);
        let parent = parent.map_or(1.0, |parent| parent.global_weight);
        let turns = attribute.grades.get(place).into_iter();
        turns
            .flat_map(|turns| turns.lower.iter().chain(&turns.higher))
            .map(move |turn| NearestTurn {
                path: attribute.path.clone(),
                weight: attribute.weight,
                turn: turn.clone(),
                moved: (turn.weight - attribute.weight).abs() * parent,
            })
    });
    // Of two siblings the one moves as much as the other: the first is named, whatever rounding says.
    moves.reduce(|least, other| {
        if other.moved < least.moved - 1e-9 {
            other
        } else {
            least
        }
    })
}
