//! What is done with ratings.

mod engine;
pub mod going_live;
pub mod monitoring;
mod probability;
pub mod rerating;
pub mod runs;
pub mod sensitivity;
pub mod survey;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use engine::{Engine, Occasion};
use serde_json::json;

use super::model::{CurrentRating, RatingCause, RatingRow, Record};
use super::{rules, store};
use crate::book::customers::model::{Customer, CustomerRef};
use crate::book::customers::store as customers;
use crate::book::exposure::actions as exposure;
use crate::platform::db::{Change, Db, DbError, Tx, read_document, write_document};
use crate::platform::jobs::actions::JobsError;
use crate::platform::jobs::worker::JobContext;
use crate::rating::models::model::ModelKind;
use crate::rating::ratings::model::grade_holding;
use crate::rating::rules::composite::{CompositeError, ExpertOverride};
use crate::rating::scales::actions as scales;
use kernel::caller::Caller;
use kernel::ids::{CustomerId, RatingId};
use kernel::text::Note;
use methods::ahp::HierarchyError;
use methods::cut_offs::CutOffError;
use methods::numbers::of_ppm;
use methods::topsis::TopsisError;
use methods::validation::stability::StabilityError;

pub use engine::numbers_of;
pub use probability::{NoProbability, default_probability};

/// Why a use case on ratings was refused.
#[derive(Debug, thiserror::Error)]
pub enum RatingError {
    #[error("there is no such rating")]
    Missing,
    #[error("there is no such customer")]
    NoCustomer,
    #[error("customer {0} of the list is not there")]
    NoCustomerAt(usize),
    #[error("there is no such grade scale")]
    NoScale,
    #[error("there is no such rating model")]
    NoModel,
    #[error("a newer rating has taken its place")]
    Superseded,
    #[error("who could not be rated has no grade to override")]
    NotRated,
    #[error("who is in default has the grade of default, whatever an expert says")]
    InDefault,
    #[error("who rated a customer does not override the rating")]
    OwnRating,
    #[error(transparent)]
    Override(CompositeError),
    #[error("an override ends by {latest}")]
    OverrideTooLong { latest: NaiveDate },
    #[error("the period ends before it begins")]
    PeriodEndsFirst,
    #[error("{0} lies in the future")]
    InFuture(NaiveDate),
    #[error(transparent)]
    CutOffs(#[from] CutOffError),
    #[error("give a code for each class, each once")]
    Codes,
    #[error("{0} is named twice, or no indicator")]
    Criterion(usize),
    #[error(transparent)]
    Ranking(#[from] TopsisError),
    #[error(transparent)]
    Stability(#[from] StabilityError),
    #[error("the customers are watched until {0}, which lies in the future")]
    NotOver(NaiveDate),
    #[error("no rating by this model held on {0}")]
    NobodyRated(NaiveDate),
    #[error("the model is of kind {0}: only the weights of an attribute tree can be moved")]
    NotATree(ModelKind),
    #[error(transparent)]
    Weights(#[from] HierarchyError),
    #[error("the rating changed meanwhile")]
    Stale,
    #[error(transparent)]
    Jobs(#[from] JobsError),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// The rating that holds today for each of these customers; one that was never rated is left out.
///
/// # Errors
/// When the database fails.
pub fn current(
    db: &mut Db,
    of: &[CustomerId],
) -> Result<BTreeMap<CustomerId, CurrentRating>, DbError> {
    let today = db.today();
    let rows = store::list_current(db, of)?.into_iter();
    Ok(rows
        .map(|row| {
            let rating = CurrentRating {
                id: row.id,
                grade: grade_holding(
                    &row.grade,
                    row.override_grade.as_deref(),
                    row.override_until,
                    today,
                )
                .to_owned(),
                score: row.score_ppm.map(of_ppm),
                model_id: row.model_id,
                scale_id: row.scale_id,
                rated_at: row.rated_at,
                stale_at: row.stale_on,
                override_until: row.override_until.filter(|until| today <= *until),
                in_default_since: row.in_default_since,
                review_on: row.review_on,
            };
            (row.customer_id, rating)
        })
        .collect())
}

/// Rates a customer now, by the live model and the live scale.
///
/// # Errors
/// When there is no such customer.
pub fn rate(tx: &mut Tx, reference: &CustomerRef) -> Result<RatingRow, RatingError> {
    let caller = tx.caller();
    let customer = customers::find_visible(tx, caller, reference)?;
    let customer = customer.ok_or(RatingError::NoCustomer)?;
    // Accounts are locked before customers, everywhere.
    exposure::lock_all(tx, &BTreeSet::from([customer.id]))?;
    store::lock_customers(tx, &[customer.id])?;
    let engine = Engine::open(tx)?;
    let today = tx.today();
    let known = engine.know(tx, &[customer.id], today)?;
    let occasion = Occasion::new(RatingCause::Asked, None);
    let known = known.into_iter().map(|one| (one, occasion.clone()));
    let rated = engine.rate(tx, known.collect())?;
    let rating = rated.into_iter().next().ok_or(RatingError::NoCustomer)?;
    tx.record(made(&rating))?;
    follow(tx, &[customer.id])?;
    Ok(rating)
}

/// Lets accounts follow who is in default by new ratings, in a unit of work of its own: accounts are locked before
/// customers, and only few of many need it.
fn hand_down(context: &JobContext, known: &[engine::Known]) -> Result<(), DbError> {
    let ids: Vec<CustomerId> = known.iter().map(|one| one.customer).collect();
    let database = context.database();
    database.write(context.caller(), |tx| follow(tx, &ids))
}

/// Notes with customers since when they are in default by their newest rating, and lets their accounts follow.
fn follow(tx: &mut Tx, of: &[CustomerId]) -> Result<(), DbError> {
    let known = customers::list_in_default(tx, of)?;
    let changed: Vec<_> = store::list_current(tx, of)?
        .into_iter()
        .map(|rating| (rating.customer_id, rating.in_default_since))
        .filter(|(customer, since)| known.get(customer) != since.as_ref())
        .collect();
    if changed.is_empty() {
        return Ok(());
    }
    let ids: Vec<CustomerId> = changed.iter().map(|(customer, _)| *customer).collect();
    // Accounts are locked before customers, everywhere.
    exposure::lock_all(tx, &ids.iter().copied().collect())?;
    for (customer, since) in changed {
        customers::set_in_default(tx, customer, since)?;
    }
    exposure::hand_down(tx, &ids)
}

/// What the trail says of a new rating: the rating itself keeps the rest, and never changes.
fn made(rating: &RatingRow) -> Change {
    Change::new("rating.made", rating.id).after(&summary(rating))
}

fn summary(rating: &RatingRow) -> serde_json::Value {
    json!({
        "customer_id": rating.customer_id,
        "grade": rating.grade,
        "override_grade": rating.override_grade,
        "override_until": rating.override_until,
        "score_ppm": rating.score_ppm,
        "model_id": rating.model_id,
        "scale_id": rating.scale_id,
        "in_default_since": rating.in_default_since,
        "cured_on": rating.cured_on,
        "cause": rating.cause,
        "review_on": rating.review_on,
    })
}

/// A rating with its customer, unless it is hidden from the caller.
///
/// # Errors
/// When there is no such rating for the caller.
pub fn find(
    db: &mut Db,
    caller: &Caller,
    id: RatingId,
) -> Result<(RatingRow, Customer), RatingError> {
    let row = store::find(db, id)?.ok_or(RatingError::Missing)?;
    let of = CustomerRef::Id(row.customer_id);
    let customer = customers::find_visible(db, caller, &of)?;
    Ok((row, customer.ok_or(RatingError::Missing)?))
}

/// Sets another grade for a while, by a person other than who rated. Floors, caps and the most grades that the scale
/// allows hold for an expert too.
///
/// # Errors
/// When the rating is not there, not the newest, changed since `version`, or the scale does not allow it.
pub fn override_grade(
    tx: &mut Tx,
    id: RatingId,
    version: i64,
    grade: &str,
    reason: &Note,
    expires_on: NaiveDate,
) -> Result<RatingRow, RatingError> {
    let of = store::find(tx, id)?.ok_or(RatingError::Missing)?;
    store::lock_customers(tx, &[of.customer_id])?;
    let before = store::find(tx, id)?.ok_or(RatingError::Missing)?;
    if before.superseded_at.is_some() {
        return Err(RatingError::Superseded);
    }
    if before.version != version {
        return Err(RatingError::Stale);
    }
    let caller = tx.caller();
    if before.rated_by == caller.subject.as_str() {
        return Err(RatingError::OwnRating);
    }
    let record: Record = read_document(&before.record)?;
    if record.champion.result.is_none() {
        return Err(RatingError::NotRated);
    }
    if before.in_default_since.is_some() {
        return Err(RatingError::InDefault);
    }
    let scale = scales::find(tx, before.scale_id)?.ok_or(RatingError::NoScale)?;
    let today = tx.today();
    let latest = rules::months_after(today, scale.content.rating_months);
    if expires_on > latest {
        return Err(RatingError::OverrideTooLong { latest });
    }
    let expert = ExpertOverride {
        grade: grade.to_owned(),
        reason: reason.to_string(),
        approved_by: caller.subject.to_string(),
        expires_on,
    };
    let (content, facts) = (&scale.content, &record.facts);
    rules::may_override(content, &record.champion.grade, facts, &expert, today)
        .map_err(RatingError::Override)?;
    let model_grade = record.champion.grade();
    let graded = rules::grade(content, model_grade, facts, Some(&expert), None, today)
        .map_err(RatingError::Override)?;
    let after = RatingRow {
        override_grade: graded.override_grade,
        override_until: Some(expires_on),
        override_terms: Some(write_document(&expert)?),
        ..before.clone()
    };
    let after = store::update_if_unchanged(tx, &after)?.ok_or(RatingError::Stale)?;
    tx.record(
        Change::new("rating.overridden", id)
            .before(&summary(&before))
            .after(&summary(&after))
            .because(reason),
    )?;
    Ok(after)
}
