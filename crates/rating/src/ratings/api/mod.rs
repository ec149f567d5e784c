//! `/v1/ratings` and `/v1/rating-runs`.

mod going_live;
mod monitoring;
mod sensitivity;
mod shapes;
mod survey;

use actix_web::{HttpRequest, get, post, web};
use shapes::{Depth, RatingOut, RatingSummaryOut};
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::{RatingError, runs};
use super::model::RatingRow;
use super::{actions, store};
use crate::platform::db::Db;
use crate::platform::http::auth::{OverrideRatings, RateCustomers, ReadRatings};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{
    Actor, Answer, Code, Command, Executor, IfMatch, KeyedCommand, Listing, Nothing, Outcome,
    Problem,
};
use crate::platform::jobs::api::JobOut;
use crate::platform::jobs::worker::WakeSignal;
use crate::rating::ratings::input::{OverrideIn, RatingFilter, RatingIn};
use crate::rating::rules::composite::CompositeError;
use crate::rating::scales::store as scales;
use kernel::ids::RatingId;
use methods::cut_offs::CutOffError;

pub fn routes(config: &mut ServiceConfig) {
    config
        .configure(going_live::routes)
        .configure(survey::routes)
        .configure(monitoring::routes)
        .configure(sensitivity::routes)
        .service(rate_customer)
        .service(list_ratings)
        .service(find_rating)
        .service(override_rating)
        .service(start_rating_run);
}

/// Rate a customer
///
/// Now, by the live model and the live scale, from all that is known: the indicators that the model asks for, the
/// floors and caps of the scale with the facts that there are, and an override that still holds. Models in shadow rate
/// beside it. Who can't be rated, because nothing is known or something that must be known is not, is not rated, and
/// the rating says why. The new rating takes the place of the one before.
#[utoipa::path(
    tag = "ratings",
    request_body = RatingIn,
    responses((status = 201, description = "The rating.", body = RatingOut)),
    security(("bearer" = ["ratings:rate"]))
)]
#[post("/v1/ratings")]
pub async fn rate_customer(
    actor: Actor<RateCustomers>,
    command: Command<RatingIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, |tx, input| {
            let rating = actions::rate(tx, &input.customer)?;
            let location = format!("/v1/ratings/{}", rating.id);
            let version = rating.version;
            let shown = described(tx, rating, Depth::Whole)?;
            Ok(Answer::created(&shown, location)?.version(version))
        })
        .await
}

/// List ratings
///
/// The newest of each customer, or with `history=all` every one: of the customers that you may see, by grade, those that
/// are too old by a day, or those of customers at whom a person is to look again by a day.
#[utoipa::path(
    tag = "ratings",
    params(Listing<RatingFilter>),
    responses((status = 200, description = "One page of ratings.", body = PageOut<RatingSummaryOut>)),
    security(("bearer" = ["ratings:read"]))
)]
#[get("/v1/ratings")]
pub async fn list_ratings(
    actor: Actor<ReadRatings>,
    listing: Listing<RatingFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let page = store::list(db, &actor, &listing.filter, &listing.page)?;
            let today = db.today();
            Ok(page.map(|row| RatingSummaryOut::of(row, today)))
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Read a rating
///
/// Factor by factor: every input with its source, what each factor brought in and lost, every rule that was asked and
/// what it did, the versions of model and scale, and what the models in shadow said. Sales read grade and factors.
#[utoipa::path(
    tag = "ratings",
    params(RatingId),
    responses((status = 200, description = "The rating.", body = RatingOut)),
    security(("bearer" = ["ratings:read"]))
)]
#[get("/v1/ratings/{id}")]
pub async fn find_rating(
    actor: Actor<ReadRatings>,
    id: web::Path<RatingId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let (rating, _) = actions::find(db, &actor, *id)?;
            let depth = if actor.sees_others() {
                Depth::Whole
            } else {
                Depth::Factors
            };
            answer(db, rating, depth)
        })
        .await?;
    Ok(answer.into_response())
}

/// Override a rating
///
/// Another grade until a day, by a person other than who rated, at most as many grades away as the scale allows. Caps
/// hold for experts too. It goes over to the ratings that follow, while it lasts. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "ratings",
    params(RatingId, IfMatch),
    request_body = OverrideIn,
    responses((status = 200, description = "The rating with its override.", body = RatingOut)),
    security(("bearer" = ["ratings:override"]))
)]
#[post("/v1/ratings/{id}/override")]
pub async fn override_rating(
    actor: Actor<OverrideRatings>,
    id: web::Path<RatingId>,
    version: IfMatch,
    command: KeyedCommand<OverrideIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let (grade, until) = (input.grade.as_str(), input.expires_on.date());
            let rating = actions::override_grade(tx, *id, version.0, grade, &input.reason, until)?;
            answer(tx, rating, Depth::Whole)
        })
        .await
}

/// Rate the whole book
///
/// Every customer anew, as a job: read it, or watch its events, until it has ended. Its `result` counts the customers
/// and the grades. A run that was interrupted goes on where it was.
#[utoipa::path(
    tag = "ratings",
    request_body = Nothing,
    responses((status = 202, description = "The job that does it.", body = JobOut)),
    security(("bearer" = ["ratings:rate"]))
)]
#[post("/v1/rating-runs")]
pub async fn start_rating_run(
    actor: Actor<RateCustomers>,
    command: Command<Nothing>,
    executor: web::Data<Executor>,
    bell: web::Data<WakeSignal>,
) -> Outcome {
    let outcome = executor
        .once(&actor, command, |tx, _| {
            let job = runs::begin(tx)?;
            let location = format!("/v1/jobs/{}", job.id);
            Answer::accepted(&JobOut::from(job), location)
        })
        .await;
    bell.ring();
    outcome
}

fn answer(db: &mut Db, rating: RatingRow, depth: Depth) -> Result<Answer, Problem> {
    let version = rating.version;
    Ok(Answer::ok(&described(db, rating, depth)?)?.version(version))
}

fn described(db: &mut Db, rating: RatingRow, depth: Depth) -> Result<RatingOut, Problem> {
    let scale = scales::find(db, rating.scale_id)?;
    let today = db.today();
    let scale_version = scale.map_or(0, |scale| scale.scale_version);
    Ok(RatingOut::of(rating, scale_version, today, depth)?)
}

impl From<RatingError> for Problem {
    fn from(error: RatingError) -> Problem {
        let text = error.to_string();
        match error {
            RatingError::Missing => Problem::not_found("rating"),
            RatingError::NoCustomer => Problem::not_found_at("/customer", "customer"),
            RatingError::NoScale => Problem::not_found("grade scale"),
            RatingError::NoCustomerAt(place) => Problem::invalid(
                format!("/customers/{place}"),
                "unknown",
                "names no customer",
            ),
            RatingError::NoModel => Problem::not_found("rating model"),
            RatingError::Superseded => Problem::ended("rating", "superseded"),
            RatingError::NotRated => Problem::ended("rating", "not_rated"),
            RatingError::InDefault => Problem::ended("rating", "in_default"),
            RatingError::OwnRating => {
                Problem::new(Code::SegregationOfDuties).with("duty", "who rated the customer")
            }
            RatingError::Override(error) => override_problem(&error),
            RatingError::OverrideTooLong { .. } => {
                Problem::invalid("/expires_on", "above_maximum", text)
            }
            RatingError::PeriodEndsFirst => Problem::invalid("#to", "before_from", text),
            RatingError::InFuture(_) => Problem::invalid("#to", "in_future", text),
            RatingError::CutOffs(error) => match error {
                CutOffError::Classes => Problem::invalid("/codes", "out_of_range", text),
                CutOffError::Score { place } => {
                    Problem::invalid(format!("/scores/{place}"), "not_a_number", text)
                }
                CutOffError::TooFewScores { .. } => {
                    Problem::invalid("/codes", "too_few_scores", text)
                }
            },
            RatingError::Codes => Problem::invalid("/codes", "wrong_count", text),
            RatingError::Criterion(place) => Problem::invalid(
                format!("/criteria/{place}/indicator"),
                "unknown",
                "is named twice, or is no indicator",
            ),
            RatingError::Ranking(_) => Problem::invalid("/criteria", "not_rankable", text),
            RatingError::NotOver(_) => Problem::invalid("#months", "in_future", text),
            RatingError::NobodyRated(_) => Problem::invalid("#rated_on", "no_ratings", text),
            RatingError::NotATree(_) => Problem::invalid("#id", "not_an_attribute_tree", text),
            RatingError::Weights(_) => Problem::invalid("/step", "out_of_range", text),
            RatingError::Stability(_) => Problem::invalid("#from", "no_ratings", text),
            RatingError::Stale => Problem::new(Code::Stale),
            RatingError::Jobs(error) => error.into(),
            RatingError::Db(error) => error.into(),
        }
    }
}

fn override_problem(error: &CompositeError) -> Problem {
    let (pointer, code) = match error {
        CompositeError::OverrideTooFar { .. } => ("/grade", "too_far"),
        CompositeError::OverrideExpired { .. } => ("/expires_on", "in_past"),
        CompositeError::UnknownGrade { .. } => ("/grade", "unknown"),
        CompositeError::CountAs
        | CompositeError::Share { .. }
        | CompositeError::Score { .. }
        | CompositeError::Twice { .. }
        | CompositeError::NothingCounts
        | CompositeError::Missing { .. }
        | CompositeError::GradeTwice { .. } => ("", "refused"),
    };
    Problem::invalid(pointer, code, error)
}
