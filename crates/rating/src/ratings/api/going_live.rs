//! Models and scales on their way to be live.

use actix_web::{get, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::platform::http::auth::{ApproveModels, ReadModels};
use crate::platform::http::{
    AcceptLanguage, Actor, Answer, Code, Executor, IfMatch, KeyedCommand, Outcome, Problem,
    ReasonIn,
};
use crate::rating::models::api::shapes::{GradeDistributionOut, GradeShareOut, RatingModelOut};
use crate::rating::models::rules::Measure;
use crate::rating::ratings::actions::going_live::{self as actions, Distribution, GoLiveError};
use crate::rating::scales::api::GradeScaleOut;
use kernel::ids::{GradeScaleId, RatingModelId};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(read_grade_distribution)
        .service(set_rating_model_live)
        .service(approve_grade_scale);
}

/// Read the grades that a rating model would give
///
/// Which grades the customers of the book would get if the model were live, on the live scale with its floors, caps and
/// rules of default, overrides apart; and which they have now. Of a large book the first 20,000 customers are looked at.
#[utoipa::path(
    tag = "ratings",
    params(RatingModelId),
    responses((status = 200, description = "The grades.", body = GradeDistributionOut)),
    security(("bearer" = ["rating-models:read"]))
)]
#[get("/v1/rating-models/{id}/distribution")]
pub async fn read_grade_distribution(
    _: Actor<ReadModels>,
    id: web::Path<RatingModelId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let distribution = executor
        .read(move |db| Ok(actions::distribution(db, *id)?))
        .await?;
    Ok(Answer::ok(&shown(distribution))?.into_response())
}

/// Set a rating model live
///
/// At once, by a person who had no part in writing it; the model that was live retires. Ratings that stand stay until
/// the customers are rated anew. The answer says which grades the customers of the book would get (`distribution`); read
/// it before at `GET /v1/rating-models/{id}/distribution`. A model that asks for what is no indicator is refused, and one
/// that the live grade scale does not fit: a model that gives a probability of default is graded by probabilities
/// (`probability_up_to`), every other by scores (`from`). An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "ratings",
    params(RatingModelId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The model, live.", body = RatingModelOut)),
    security(("bearer" = ["rating-models:approve"]))
)]
#[post("/v1/rating-models/{id}/go-live")]
pub async fn set_rating_model_live(
    actor: Actor<ApproveModels>,
    id: web::Path<RatingModelId>,
    version: IfMatch,
    command: KeyedCommand<ReasonIn>,
    language: AcceptLanguage,
    executor: web::Data<Executor>,
) -> Outcome {
    let id = *id;
    let distribution = executor
        .read(move |db| Ok(actions::distribution(db, id)?))
        .await?;
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let row = actions::set_model_live(tx, id, version.0, &input.reason)?;
            let version = row.version;
            let mut model = RatingModelOut::read(row, language.0)?;
            model.distribution = Some(shown(distribution.clone()));
            Ok(Answer::ok(&model)?.version(version))
        })
        .await
}

/// Set a grade scale live
///
/// At once, by a person who had no part in writing it; the version that was live is retired. Ratings that stand keep
/// their grades until the customers are rated anew: preview the migration first. A scale that does not cut what the live
/// model gives, scores or probabilities of default, is refused. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "ratings",
    params(GradeScaleId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The scale, live.", body = GradeScaleOut)),
    security(("bearer" = ["rating-models:approve"]))
)]
#[post("/v1/grade-scales/{id}/approve")]
pub async fn approve_grade_scale(
    actor: Actor<ApproveModels>,
    id: web::Path<GradeScaleId>,
    version: IfMatch,
    command: KeyedCommand<ReasonIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let row = actions::set_scale_live(tx, *id, version.0, &input.reason)?;
            let version = row.version;
            Ok(Answer::ok(&GradeScaleOut::read(row)?)?.version(version))
        })
        .await
}

fn shown(distribution: Distribution) -> GradeDistributionOut {
    let grades = distribution.grades.into_iter();
    GradeDistributionOut {
        customers: distribution.customers,
        looked_at: i64::try_from(distribution.looked_at).unwrap_or(i64::MAX),
        grades: grades
            .map(|(grade, share)| GradeShareOut {
                grade,
                customers: share.would,
                customers_now: share.now,
            })
            .collect(),
    }
}

impl From<GoLiveError> for Problem {
    fn from(error: GoLiveError) -> Problem {
        match error {
            GoLiveError::Model(error) => error.into(),
            GoLiveError::Scale(error) => error.into(),
            GoLiveError::NoIndicators(codes) => codes
                .into_iter()
                .take(1000)
                .fold(Problem::new(Code::Invalid), |problem, code| {
                    let code: String = code.chars().take(200).collect();
                    let message = format!(
                        "the model asks for `{code}`, which is no indicator: GET /v1/indicators lists all"
                    );
                    problem.at("", "no_indicator", message)
                }),
            GoLiveError::MixedMeasures => Problem::invalid(
                "",
                "mixed_measures",
                "the composite mixes models that give a probability of default with models that give a score",
            ),
            GoLiveError::ScaleDoesNotFit(Measure::Probability) => Problem::invalid(
                "",
                "scale_does_not_fit",
                "the model gives a probability of default, and the scale does not cut probabilities: give its grades \
                 `probability_up_to`",
            ),
            GoLiveError::ScaleDoesNotFit(Measure::Score | Measure::Mixed) => Problem::invalid(
                "",
                "scale_does_not_fit",
                "the model gives a score, and the scale does not cut scores: give its grades `from`",
            ),
            GoLiveError::Db(error) => error.into(),
        }
    }
}
