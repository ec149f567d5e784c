//! What is done with a rating model on its way from draft to live.

use actix_web::{post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::answer;
use super::shapes::RatingModelOut;
use crate::platform::http::auth::{ApproveModels, DraftModels};
use crate::platform::http::{
    AcceptLanguage, Actor, Command, Executor, IfMatch, KeyedCommand, Outcome, ReasonIn,
};
use crate::rating::models::actions;
use kernel::ids::RatingModelId;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(put_rating_model_in_shadow)
        .service(approve_rating_model)
        .service(retire_rating_model);
}

/// Put a rating model in shadow
///
/// It rates beside the live model from now on, and decides nothing; what it says is kept with every rating. Its
/// document never changes again.
#[utoipa::path(
    tag = "ratings",
    params(RatingModelId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The model, in shadow.", body = RatingModelOut)),
    security(("bearer" = ["rating-models:draft"]))
)]
#[post("/v1/rating-models/{id}/shadow")]
pub async fn put_rating_model_in_shadow(
    actor: Actor<DraftModels>,
    id: web::Path<RatingModelId>,
    version: IfMatch,
    command: Command<ReasonIn>,
    language: AcceptLanguage,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            answer(
                actions::put_in_shadow(tx, *id, version.0, &input.reason)?,
                language.0,
            )
        })
        .await
}

/// Approve a rating model
///
/// By a person who had no part in writing it. The answer repeats the `warnings` of the model's report: look at them before
/// the model goes live. A composite is approved after its parts. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "ratings",
    params(RatingModelId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The model, approved.", body = RatingModelOut)),
    security(("bearer" = ["rating-models:approve"]))
)]
#[post("/v1/rating-models/{id}/approve")]
pub async fn approve_rating_model(
    actor: Actor<ApproveModels>,
    id: web::Path<RatingModelId>,
    version: IfMatch,
    command: KeyedCommand<ReasonIn>,
    language: AcceptLanguage,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            answer(
                actions::approve(tx, *id, version.0, &input.reason)?,
                language.0,
            )
        })
        .await
}

/// Retire a rating model
///
/// One that is not live; the live one retires when another goes live.
#[utoipa::path(
    tag = "ratings",
    params(RatingModelId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The model, retired.", body = RatingModelOut)),
    security(("bearer" = ["rating-models:draft"]))
)]
#[post("/v1/rating-models/{id}/retire")]
pub async fn retire_rating_model(
    actor: Actor<DraftModels>,
    id: web::Path<RatingModelId>,
    version: IfMatch,
    command: Command<ReasonIn>,
    language: AcceptLanguage,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            answer(
                actions::retire(tx, *id, version.0, &input.reason)?,
                language.0,
            )
        })
        .await
}
