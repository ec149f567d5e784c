//! The verbs of an application, in the order of its life. Each is one step under `If-Match`.

use crate::decide::applications::input::{
    ApproveIn, FulfilIn, InformationIn, InformationRequestIn, NewFactsIn, RecommendIn,
};
use actix_web::{post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::shapes::{ApplicationOut, answer};
use crate::decide::applications::actions;
use crate::platform::http::auth::{ApplyForCredit, DecideApplications, ReviewApplications};
use crate::platform::http::{
    AcceptLanguage, Actor, Command, Executor, IfMatch, KeyedCommand, Nothing, Outcome, ReasonIn,
};
use kernel::ids::ApplicationId;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(submit_application)
        .service(start_application_review)
        .service(request_application_information)
        .service(provide_application_information)
        .service(recommend_application)
        .service(approve_application)
        .service(decline_application)
        .service(fulfil_application_conditions)
        .service(withdraw_application)
        .service(appeal_application);
}

/// Submit a credit application
///
/// Hands the draft to credit.
#[utoipa::path(
    tag = "applications",
    params(ApplicationId, IfMatch),
    request_body = Nothing,
    responses((status = 200, description = "The application, submitted.", body = ApplicationOut)),
    security(("bearer" = ["applications:apply"]))
)]
#[post("/v1/applications/{id}/submit")]
pub async fn submit_application(
    actor: Actor<ApplyForCredit>,
    id: web::Path<ApplicationId>,
    version: IfMatch,
    command: Command<Nothing>,
    language: AcceptLanguage,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, _| {
            let application = actions::submit(tx, *id, version.0)?;
            answer(tx.caller(), language.0, tx, application)
        })
        .await
}

/// Start to review a credit application
///
/// Whoever applied does not review.
#[utoipa::path(
    tag = "applications",
    params(ApplicationId, IfMatch),
    request_body = Nothing,
    responses((status = 200, description = "The application, under review.", body = ApplicationOut)),
    security(("bearer" = ["applications:review"]))
)]
#[post("/v1/applications/{id}/start-review")]
pub async fn start_application_review(
    actor: Actor<ReviewApplications>,
    id: web::Path<ApplicationId>,
    version: IfMatch,
    command: Command<Nothing>,
    language: AcceptLanguage,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, _| {
            let application = actions::start_review(tx, *id, version.0)?;
            answer(tx.caller(), language.0, tx, application)
        })
        .await
}

/// Ask for information on a credit application
///
/// Sales answer by `provide-information` before the deadline, or the application expires.
#[utoipa::path(
    tag = "applications",
    params(ApplicationId, IfMatch),
    request_body = InformationRequestIn,
    responses((status = 200, description = "The application, waiting for information.", body = ApplicationOut)),
    security(("bearer" = ["applications:review"]))
)]
#[post("/v1/applications/{id}/request-information")]
pub async fn request_application_information(
    actor: Actor<ReviewApplications>,
    id: web::Path<ApplicationId>,
    version: IfMatch,
    command: Command<InformationRequestIn>,
    language: AcceptLanguage,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let application = actions::request_information(tx, *id, version.0, input)?;
            answer(tx.caller(), language.0, tx, application)
        })
        .await
}

/// Provide information on a credit application
///
/// Answers what credit asked; the review goes on.
#[utoipa::path(
    tag = "applications",
    params(ApplicationId, IfMatch),
    request_body = InformationIn,
    responses((status = 200, description = "The application, under review again.", body = ApplicationOut)),
    security(("bearer" = ["applications:apply"]))
)]
#[post("/v1/applications/{id}/provide-information")]
pub async fn provide_application_information(
    actor: Actor<ApplyForCredit>,
    id: web::Path<ApplicationId>,
    version: IfMatch,
    command: Command<InformationIn>,
    language: AcceptLanguage,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let application = actions::provide_information(tx, *id, version.0, &input.information)?;
            answer(tx.caller(), language.0, tx, application)
        })
        .await
}

/// Recommend a credit application
///
/// Limit, terms, conditions and reason, for whoever approves. Whoever recommends does not approve.
#[utoipa::path(
    tag = "applications",
    params(ApplicationId, IfMatch),
    request_body = RecommendIn,
    responses((status = 200, description = "The application, waiting for approval.", body = ApplicationOut)),
    security(("bearer" = ["applications:review"]))
)]
#[post("/v1/applications/{id}/recommend")]
pub async fn recommend_application(
    actor: Actor<ReviewApplications>,
    id: web::Path<ApplicationId>,
    version: IfMatch,
    command: Command<RecommendIn>,
    language: AcceptLanguage,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let application = actions::recommend(tx, *id, version.0, input)?;
            answer(tx.caller(), language.0, tx, application)
        })
        .await
}

/// Approve a credit application
///
/// Credit decides within its authority; above it credit's highest level approves first, and then finance. The last
/// approval sets limit and terms on the account, or lets them wait until the conditions are fulfilled. Whoever
/// applied, recommended or approved before does not approve. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "applications",
    params(ApplicationId, IfMatch),
    request_body = ApproveIn,
    responses((status = 200, description = "The application after this approval.", body = ApplicationOut)),
    security(("bearer" = ["applications:decide"]))
)]
#[post("/v1/applications/{id}/approve")]
pub async fn approve_application(
    actor: Actor<DecideApplications>,
    id: web::Path<ApplicationId>,
    version: IfMatch,
    command: KeyedCommand<ApproveIn>,
    language: AcceptLanguage,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let application = actions::approve(tx, *id, version.0, input)?;
            answer(tx.caller(), language.0, tx, application)
        })
        .await
}

/// Decline a credit application
///
/// By credit or finance, at any authority. Sales may appeal once.
#[utoipa::path(
    tag = "applications",
    params(ApplicationId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The application, declined.", body = ApplicationOut)),
    security(("bearer" = ["applications:decide"]))
)]
#[post("/v1/applications/{id}/decline")]
pub async fn decline_application(
    actor: Actor<DecideApplications>,
    id: web::Path<ApplicationId>,
    version: IfMatch,
    command: Command<ReasonIn>,
    language: AcceptLanguage,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let application = actions::decline(tx, *id, version.0, &input.reason)?;
            answer(tx.caller(), language.0, tx, application)
        })
        .await
}

/// Fulfil conditions of a credit application
///
/// Credit confirms conditions, each with its evidence. The last one sets limit and terms on the account.
/// An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "applications",
    params(ApplicationId, IfMatch),
    request_body = FulfilIn,
    responses((status = 200, description = "The application with its conditions.", body = ApplicationOut)),
    security(("bearer" = ["applications:review"]))
)]
#[post("/v1/applications/{id}/fulfil-conditions")]
pub async fn fulfil_application_conditions(
    actor: Actor<ReviewApplications>,
    id: web::Path<ApplicationId>,
    version: IfMatch,
    command: KeyedCommand<FulfilIn>,
    language: AcceptLanguage,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let application = actions::fulfil_conditions(tx, *id, version.0, input)?;
            answer(tx.caller(), language.0, tx, application)
        })
        .await
}

/// Withdraw a credit application
///
/// At any time before it is decided.
#[utoipa::path(
    tag = "applications",
    params(ApplicationId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The application, withdrawn.", body = ApplicationOut)),
    security(("bearer" = ["applications:apply"]))
)]
#[post("/v1/applications/{id}/withdraw")]
pub async fn withdraw_application(
    actor: Actor<ApplyForCredit>,
    id: web::Path<ApplicationId>,
    version: IfMatch,
    command: Command<ReasonIn>,
    language: AcceptLanguage,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let application = actions::withdraw(tx, *id, version.0, &input.reason)?;
            answer(tx.caller(), language.0, tx, application)
        })
        .await
}

/// Appeal against a declined credit application
///
/// Once, and with new facts: the review begins anew.
#[utoipa::path(
    tag = "applications",
    params(ApplicationId, IfMatch),
    request_body = NewFactsIn,
    responses((status = 200, description = "The application, under review again.", body = ApplicationOut)),
    security(("bearer" = ["applications:apply"]))
)]
#[post("/v1/applications/{id}/appeal")]
pub async fn appeal_application(
    actor: Actor<ApplyForCredit>,
    id: web::Path<ApplicationId>,
    version: IfMatch,
    command: Command<NewFactsIn>,
    language: AcceptLanguage,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let application = actions::appeal(tx, *id, version.0, &input.new_facts)?;
            answer(tx.caller(), language.0, tx, application)
        })
        .await
}
