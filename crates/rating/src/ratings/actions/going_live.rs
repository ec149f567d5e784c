//! What goes live fits what is live: a model asks for indicators that there are and is graded by a scale that cuts what it
//! gives, and a scale cuts what the live model gives.

use std::collections::BTreeMap;

use super::RatingError;
use super::engine::Engine;
use crate::platform::db::{Db, DbError, Tx};
use crate::rating::catalogue;
use crate::rating::models::actions::{self as models, ModelError, ModelVersion};
use crate::rating::models::model::ModelRow;
use crate::rating::models::rules::Measure;
use crate::rating::models::store as model_store;
use crate::rating::ratings::model::StandingRating;
use crate::rating::ratings::model::grade_holding;
use crate::rating::ratings::store;
use crate::rating::scales::actions::{self as scales, ScaleError, ScaleVersion};
use crate::rating::scales::model::ScaleRow;
use kernel::ids::{CustomerId, GradeScaleId, RatingModelId};
use kernel::text::Note;
use methods::grades::GradeScale;

/// How many customers are looked at at once.
const CHUNK: i64 = 2_000;

/// The most customers that are looked at.
const CUSTOMERS_MAX: usize = 20_000;

/// Why something did not go live.
#[derive(Debug, thiserror::Error)]
pub enum GoLiveError {
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Scale(#[from] ScaleError),
    #[error("the model asks for what is no indicator: {0:?}")]
    NoIndicators(Vec<String>),
    #[error("the composite mixes models that give a probability of default with others")]
    MixedMeasures,
    #[error("the scale does not cut what the model gives")]
    ScaleDoesNotFit(Measure),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Sets an approved model live, when it and the live scale fit each other.
///
/// # Errors
/// As [`models::go_live`], and when the model asks for what is no indicator or the live scale does not fit it.
pub fn set_model_live(
    tx: &mut Tx,
    id: RatingModelId,
    version: i64,
    reason: &Note,
) -> Result<ModelRow, GoLiveError> {
    let row = models::go_live(tx, id, version, reason)?;
    let model = ModelVersion::read(tx, &row)?.model;
    let strangers: Vec<String> = model
        .indicators()
        .into_iter()
        .filter(|code| catalogue::find(code).is_none())
        .collect();
    if !strangers.is_empty() {
        return Err(GoLiveError::NoIndicators(strangers));
    }
    fits(&scales::live(tx)?.content.scale, model.measure())?;
    Ok(row)
}

/// Sets a draft of the grade scale live, when it and the live model fit each other.
///
/// # Errors
/// As [`scales::approve`], and when the scale does not fit the live model.
pub fn set_scale_live(
    tx: &mut Tx,
    id: GradeScaleId,
    version: i64,
    reason: &Note,
) -> Result<ScaleRow, GoLiveError> {
    let before = scales::live(tx)?.content.scale;
    let row = scales::approve(tx, id, version, reason)?;
    let scale = ScaleVersion::read(&row)?.content.scale;
    // A model that was live before scales cut probabilities goes on being graded by its score.
    let is_as_before = before.is_by_score() == scale.is_by_score()
        && before.is_by_probability() == scale.is_by_probability();
    if !is_as_before {
        fits(&scale, models::live(tx)?.model.measure())?;
    }
    Ok(row)
}

fn fits(scale: &GradeScale, measure: Measure) -> Result<(), GoLiveError> {
    let is_fit = match measure {
        Measure::Score => scale.is_by_score(),
        Measure::Probability => scale.is_by_probability(),
        Measure::Mixed => return Err(GoLiveError::MixedMeasures),
    };
    if is_fit {
        Ok(())
    } else {
        Err(GoLiveError::ScaleDoesNotFit(measure))
    }
}

/// How many customers have a grade now, and would have it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    pub would: i64,
    pub now: i64,
}

/// Which grades the book would get by a model.
#[derive(Debug, Clone)]
pub struct Distribution {
    pub customers: i64,
    pub looked_at: usize,
    /// In the order of the live scale.
    pub grades: Vec<(String, Share)>,
}

/// Which grades the customers of the book would get by a model on the live scale; of a large book the first
/// `CUSTOMERS_MAX`.
///
/// # Errors
/// When there is no such model.
pub fn distribution(db: &mut Db, id: RatingModelId) -> Result<Distribution, RatingError> {
    let row = model_store::find(db, id)?.ok_or(RatingError::NoModel)?;
    let model = ModelVersion::read(db, &row)?;
    let engine = Engine::trying(db, model)?;
    let today = db.today();
    let mut shares: BTreeMap<String, Share> = BTreeMap::new();
    let (mut after, mut looked_at) = (None, 0_usize);
    while looked_at < CUSTOMERS_MAX {
        let ids = store::list_customers_after(db, after, CHUNK)?;
        let Some(last) = ids.last() else {
            break;
        };
        after = Some(*last);
        looked_at = looked_at.saturating_add(ids.len());
        let standing: BTreeMap<CustomerId, StandingRating> = store::list_current(db, &ids)?
            .into_iter()
            .map(|row| (row.customer_id, row))
            .collect();
        for known in engine.know(db, &ids, today)? {
            let before = standing.get(&known.customer);
            let grade = engine.would_grade(&known, before, today)?;
            shares.entry(grade).or_default().would += 1;
            if let Some(row) = before {
                let expert = row.override_grade.as_deref();
                let held = grade_holding(&row.grade, expert, row.override_until, today);
                shares.entry(held.to_owned()).or_default().now += 1;
            }
        }
    }
    let codes = engine.scale.content.scale.codes();
    let grades = codes.into_iter().map(|code| {
        let share = shares.get(&code).copied().unwrap_or_default();
        (code, share)
    });
    Ok(Distribution {
        customers: store::count_customers(db)?,
        looked_at,
        grades: grades.collect(),
    })
}
