//! Remittance advices.

use actix_multipart::Multipart;
use actix_web::{HttpRequest, get, post, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::shapes::RemittanceAdviceOut;
use super::upload;
use crate::book::cash::actions::{CashError, PostedAdvices};
use crate::book::cash::input::{
    RemittanceAdviceFileIn, RemittanceAdviceFilter, RemittanceAdviceIn,
};
use crate::book::cash::{actions, store};
use crate::platform::http::auth::{PostAdvices, ReadBank};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::uploads::Uploads;
use crate::platform::http::{
    Actor, Answer, Command, Executor, Heading, IfMatch, Listing, Outcome, ReasonIn,
};
use kernel::ids::RemittanceAdviceId;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(post_remittance_advice)
        .service(send_remittance_advices)
        .service(list_remittance_advices)
        .service(find_remittance_advice)
        .service(withdraw_remittance_advice);
}

/// Post a remittance advice
///
/// A payer says which invoices a payment will be for, its own or those of others. When money of that amount comes from the
/// payer, the advice says what it is for.
#[utoipa::path(
    tag = "cash",
    request_body = RemittanceAdviceIn,
    responses((status = 201, description = "The advice.", body = RemittanceAdviceOut)),
    security(("bearer" = ["remittance-advices:post"]))
)]
#[post("/v1/remittance-advices")]
pub async fn post_remittance_advice(
    actor: Actor<PostAdvices>,
    command: Command<RemittanceAdviceIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, |tx, input| {
            let advice = actions::post_advice(tx, input)?;
            let location = format!("/v1/remittance-advices/{}", advice.id);
            let version = advice.version;
            Ok(Answer::created(&RemittanceAdviceOut::from(advice), location)?.version(version))
        })
        .await
}

/// Send a file of remittance advices
///
/// CSV with one line for each invoice that is paid (number, customer_number, invoice_number, amount, currency, \[payment_date,
/// payer_account\]; lines of one customer and number are one advice), or remt.001 of ISO 20022, up to 32 MiB and 2,000 advices.
/// In remt.001 the payer is `Dbtr/Id/OrgId/Othr/Id`, our number of the customer, or who paid from its account before. The file is
/// taken whole or not at all; an advice that is there already with the same content is `unchanged`.
#[utoipa::path(
    tag = "cash",
    request_body(content = RemittanceAdviceFileIn, content_type = "multipart/form-data"),
    responses((status = 200, description = "What became of them.", body = RemittanceAdviceFileOut)),
    security(("bearer" = ["remittance-advices:post"]))
)]
#[post("/v1/remittance-advices/file")]
pub async fn send_remittance_advices(
    actor: Actor<PostAdvices>,
    heading: Heading,
    body: Multipart,
    request: HttpRequest,
    executor: web::Data<Executor>,
    uploads: web::Data<Uploads>,
) -> Outcome {
    let admission = uploads.admit(&request, &actor)?;
    let received = upload::receive_advices(&executor, &actor, body, admission.pace()).await?;
    drop(admission);
    let (advices, digest) = received;
    let command = heading.command(advices, &[&digest]);
    executor
        .once(&actor, command, |tx, advices| {
            let PostedAdvices { posted, unchanged } = actions::post_advices(tx, advices)?;
            Answer::ok(&RemittanceAdviceFileOut { posted, unchanged })
        })
        .await
}

/// What became of the advices of a file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"posted": 2, "unchanged": 0}))]
pub struct RemittanceAdviceFileOut {
    /// How many were kept.
    #[schema(minimum = 0, maximum = 2_000)]
    posted: i64,
    /// How many were there already with the same content.
    #[schema(minimum = 0, maximum = 2_000)]
    unchanged: i64,
}

/// List remittance advices
///
/// The newest first.
#[utoipa::path(
    tag = "cash",
    params(Listing<RemittanceAdviceFilter>),
    responses((status = 200, description = "One page of advices.", body = PageOut<RemittanceAdviceOut>)),
    security(("bearer" = ["bank:read"]))
)]
#[get("/v1/remittance-advices")]
pub async fn list_remittance_advices(
    _: Actor<ReadBank>,
    listing: Listing<RemittanceAdviceFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| store::list_advices(db, &listing.filter, &listing.page))
        .await?;
    Ok(page
        .map(RemittanceAdviceOut::from)
        .into_response(&request, &cursors))
}

/// Read a remittance advice
///
/// With the payment that came, once it did.
#[utoipa::path(
    tag = "cash",
    params(RemittanceAdviceId),
    responses((status = 200, description = "The advice.", body = RemittanceAdviceOut)),
    security(("bearer" = ["bank:read"]))
)]
#[get("/v1/remittance-advices/{id}")]
pub async fn find_remittance_advice(
    _: Actor<ReadBank>,
    id: web::Path<RemittanceAdviceId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let found = store::find_advice(db, *id)?;
            let advice = found.ok_or(CashError::Missing("remittance advice"))?;
            let version = advice.version;
            Ok(Answer::ok(&RemittanceAdviceOut::from(advice))?.version(version))
        })
        .await?;
    Ok(answer.into_response())
}

/// Withdraw a remittance advice
///
/// Its payment is no longer expected.
#[utoipa::path(
    tag = "cash",
    params(RemittanceAdviceId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The advice as it is now.", body = RemittanceAdviceOut)),
    security(("bearer" = ["remittance-advices:post"]))
)]
#[post("/v1/remittance-advices/{id}/withdraw")]
pub async fn withdraw_remittance_advice(
    actor: Actor<PostAdvices>,
    id: web::Path<RemittanceAdviceId>,
    version: IfMatch,
    command: Command<ReasonIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let advice = actions::withdraw_advice(tx, *id, version.0, &input.reason)?;
            let version = advice.version;
            Ok(Answer::ok(&RemittanceAdviceOut::from(advice))?.version(version))
        })
        .await
}
