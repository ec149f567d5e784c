//! `/v1/credit-blocks`.

use crate::decide::limits::input::{AssignIn, CreditBlockFilter, ReleaseIn, ReleaseRequestIn};
use actix_web::{HttpRequest, get, post, web};

use super::shapes::{CheckNowOut, CreditBlockDetailOut, CreditBlockOut};
use crate::decide::limits::actions::visible;
use crate::decide::limits::model::{CreditBlock, CreditBlockStatus};
use crate::decide::limits::{blocks, store};
use crate::platform::db::Tx;
use crate::platform::http::auth::{
    DecideCreditBlocks, ManageReservations, ReadChecks, RequestReleases,
};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{
    AcceptLanguage, Actor, Answer, Command, Executor, IfMatch, KeyedCommand, Listing, Outcome,
    Problem, ReasonIn,
};
use kernel::ids::CreditBlockId;
use kernel::places::Language;

/// List credit blocks
///
/// Orders that wait for credit, and those that were decided: the oldest first, as a queue.
#[utoipa::path(
    tag = "limit-checks",
    params(Listing<CreditBlockFilter>),
    responses((status = 200, description = "One page of credit blocks.", body = PageOut<CreditBlockOut>)),
    security(("bearer" = ["limits:read"]))
)]
#[get("/v1/credit-blocks")]
pub async fn list_credit_blocks(
    actor: Actor<ReadChecks>,
    language: AcceptLanguage,
    listing: Listing<CreditBlockFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let reader = actor.caller();
    let page = executor
        .read(move |db| store::list_blocks(db, &actor, &listing.filter, &listing.page))
        .await?;
    Ok(page
        .map(|row| CreditBlockOut::new(row, &reader, language.0))
        .into_response(&request, &cursors))
}

/// Read a credit block
///
/// The order that waits, why, and what its check would say now.
#[utoipa::path(
    tag = "limit-checks",
    params(CreditBlockId),
    responses((status = 200, description = "The credit block.", body = CreditBlockDetailOut)),
    security(("bearer" = ["limits:read"]))
)]
#[get("/v1/credit-blocks/{id}")]
pub async fn find_credit_block(
    actor: Actor<ReadChecks>,
    language: AcceptLanguage,
    id: web::Path<CreditBlockId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let missing = || Problem::not_found("credit block");
            let block = store::find_block(db, *id)?.ok_or_else(missing)?;
            let customer = visible(db, &actor, block.customer_id)?.ok_or_else(missing)?;
            let version = block.version;
            let now = blocks::look_again(db, &actor, &block)?;
            let block = CreditBlockOut::new(block.of(&customer), &actor, language.0);
            let now = now.map(|record| CheckNowOut::new(&record, &actor, language.0));
            Ok(Answer::ok(&CreditBlockDetailOut { block, now })?.version(version))
        })
        .await?;
    Ok(answer.into_response())
}

/// Request the release of a credit block
///
/// Sales ask credit to let the order go, say why, and may name the day on which the customer promised to pay. The
/// request stands with the block in the queue; another one takes its place.
#[utoipa::path(
    tag = "limit-checks",
    params(CreditBlockId, IfMatch),
    request_body = ReleaseRequestIn,
    responses((status = 200, description = "The credit block as it is now.", body = CreditBlockOut)),
    security(("bearer" = ["credit-blocks:request"]))
)]
#[post("/v1/credit-blocks/{id}/request-release")]
pub async fn request_release_of_credit_block(
    actor: Actor<RequestReleases>,
    language: AcceptLanguage,
    id: web::Path<CreditBlockId>,
    version: IfMatch,
    command: Command<ReleaseRequestIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let block = blocks::request_release(tx, *id, version.0, input)?;
            describe_block(tx, block, language.0)
        })
        .await
}

/// Release a credit block
///
/// The order may go: its reservation is taken, whatever the limit. Never by the order's creator or whoever asked for the
/// release, and not while a rule rejects outright. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "limit-checks",
    params(CreditBlockId, IfMatch),
    request_body = ReleaseIn,
    responses((status = 200, description = "The credit block as it is now.", body = CreditBlockOut)),
    security(("bearer" = ["credit-blocks:decide"]))
)]
#[post("/v1/credit-blocks/{id}/release")]
pub async fn release_credit_block(
    actor: Actor<DecideCreditBlocks>,
    language: AcceptLanguage,
    id: web::Path<CreditBlockId>,
    version: IfMatch,
    command: KeyedCommand<ReleaseIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let block = blocks::release(tx, *id, version.0, input)?;
            describe_block(tx, block, language.0)
        })
        .await
}

/// Reject a credit block
///
/// The order may not go; nothing is taken. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "limit-checks",
    params(CreditBlockId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The credit block as it is now.", body = CreditBlockOut)),
    security(("bearer" = ["credit-blocks:decide"]))
)]
#[post("/v1/credit-blocks/{id}/reject")]
pub async fn reject_credit_block(
    actor: Actor<DecideCreditBlocks>,
    language: AcceptLanguage,
    id: web::Path<CreditBlockId>,
    version: IfMatch,
    command: KeyedCommand<ReasonIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let rejected = CreditBlockStatus::Rejected;
            let block = blocks::close(tx, *id, version.0, rejected, input.reason.as_str())?;
            describe_block(tx, block, language.0)
        })
        .await
}

/// Withdraw a credit block
///
/// The order is no more: nothing is taken, and nobody needs to decide. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "limit-checks",
    params(CreditBlockId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The credit block as it is now.", body = CreditBlockOut)),
    security(("bearer" = ["reservations:manage"]))
)]
#[post("/v1/credit-blocks/{id}/withdraw")]
pub async fn withdraw_credit_block(
    actor: Actor<ManageReservations>,
    language: AcceptLanguage,
    id: web::Path<CreditBlockId>,
    version: IfMatch,
    command: KeyedCommand<ReasonIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let withdrawn = CreditBlockStatus::Withdrawn;
            let block = blocks::close(tx, *id, version.0, withdrawn, input.reason.as_str())?;
            describe_block(tx, block, language.0)
        })
        .await
}

/// Assign a credit block
///
/// Gives the order to somebody of credit to look at, or puts it back into the queue.
#[utoipa::path(
    tag = "limit-checks",
    params(CreditBlockId, IfMatch),
    request_body = AssignIn,
    responses((status = 200, description = "The credit block as it is now.", body = CreditBlockOut)),
    security(("bearer" = ["credit-blocks:decide"]))
)]
#[post("/v1/credit-blocks/{id}/assign")]
pub async fn assign_credit_block(
    actor: Actor<DecideCreditBlocks>,
    language: AcceptLanguage,
    id: web::Path<CreditBlockId>,
    version: IfMatch,
    command: Command<AssignIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let block = blocks::assign(tx, *id, version.0, input.assigned_to.as_ref())?;
            describe_block(tx, block, language.0)
        })
        .await
}

/// A credit block as its changes answer it.
fn describe_block(tx: &mut Tx, block: CreditBlock, language: Language) -> Result<Answer, Problem> {
    let (version, caller) = (block.version, tx.caller());
    let customer = visible(tx, caller, block.customer_id)?
        .ok_or_else(|| Problem::not_found("credit block"))?;
    let out = CreditBlockOut::new(block.of(&customer), caller, language);
    Ok(Answer::ok(&out)?.version(version))
}
