//! How likely a customer defaults, for whoever computes with it.

use crate::platform::db::{Db, DbError, read_document};
use crate::rating::ratings::model::{DefaultProbability, ProbabilitySource, Record};
use crate::rating::ratings::store;
use crate::rating::scales::actions as scales;
use kernel::figures::Figure;
use kernel::ids::CustomerId;

/// Why nobody can say how likely a customer defaults.
#[derive(Debug, thiserror::Error)]
pub enum NoProbability {
    #[error("the customer is not rated: rate it, or give the probability of default")]
    NotRated,
    #[error(
        "neither the model nor the grade scale says how likely grade {grade} defaults: give the probability of default"
    )]
    NotSaid { grade: String },
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Places of a probability.
const PLACES: u32 = 6;

/// How likely a customer defaults within a year: as the model of its rating says; when the model says nothing, as the
/// grade scale says of the grade that it has today. Who is in default has defaulted, whatever the model thinks.
///
/// # Errors
/// When the customer has no rating, or neither says it.
pub fn default_probability(
    db: &mut Db,
    customer: CustomerId,
) -> Result<DefaultProbability, NoProbability> {
    let standing = store::list_current(db, &[customer])?.pop();
    let standing = standing.ok_or(NoProbability::NotRated)?;
    let row = store::find(db, standing.id)?.ok_or(NoProbability::NotRated)?;
    let record: Record = read_document(&row.record)?;
    let by_model = record.champion.result.as_ref();
    let by_model = by_model.and_then(|result| result.probability_of_default);
    if let (Some(probability), None) = (by_model, row.in_default_since) {
        return Ok(DefaultProbability {
            value: figure(probability)?,
            source: ProbabilitySource::Model {
                rating_id: row.id,
                model_id: row.model_id,
            },
        });
    }
    let grade = row.grade_on(db.today());
    let scale = scales::find(db, row.scale_id)?;
    let by_grade = scale.and_then(|scale| scale.content.scale.probability_of_default(grade));
    let probability = by_grade.ok_or_else(|| NoProbability::NotSaid {
        grade: grade.to_owned(),
    })?;
    Ok(DefaultProbability {
        value: figure(probability)?,
        source: ProbabilitySource::Grade {
            rating_id: row.id,
            grade_scale_id: row.scale_id,
        },
    })
}

fn figure(probability: f64) -> Result<Figure, DbError> {
    Figure::from_float(probability, PLACES)
        .ok_or_else(|| DbError::Document("a probability is no number".to_owned()))
}
