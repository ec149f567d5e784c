//! Receipts.

use actix_web::{HttpRequest, get, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::refuse_hidden;
use super::shapes::ReceiptOut;
use crate::book::receivables::actions::ReceivableError;
use crate::book::receivables::input::{
    ApplyIn, ConfirmReceiptIn, ReceiptFilter, ReceiptIn, ReleaseReceiptIn, TakeBackIn, UnapplyIn,
};
use crate::book::receivables::model::ReceiptRef;
use crate::book::receivables::{actions, store};
use crate::platform::http::auth::{PostCash, ReadReceivables, ReverseDocuments};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{Actor, Answer, Executor, IfMatch, KeyedCommand, Listing, Outcome};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(post_receipt)
        .service(list_receipts)
        .service(find_receipt)
        .service(apply_receipt)
        .service(release_receipt)
        .service(confirm_receipt)
        .service(unapply_receipt)
        .service(reverse_receipt);
}

/// Post a receipt
///
/// It is applied to the invoices that it names, else to the oldest that are open; what is left is unapplied cash, which
/// lowers exposure too. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "receivables",
    request_body = ReceiptIn,
    responses((status = 201, description = "The receipt.", body = ReceiptOut)),
    security(("bearer" = ["cash:post"]))
)]
#[post("/v1/receipts")]
pub async fn post_receipt(
    actor: Actor<PostCash>,
    command: KeyedCommand<ReceiptIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, |tx, input| {
            let receipt = actions::create_receipt(tx, input)?;
            let location = format!("/v1/receipts/{}", receipt.id);
            let version = receipt.version;
            Ok(Answer::created(&ReceiptOut::from(receipt), location)?.version(version))
        })
        .await
}

/// List receipts
///
/// Those of the customers that you may see, the newest first.
#[utoipa::path(
    tag = "receivables",
    params(Listing<ReceiptFilter>),
    responses((status = 200, description = "One page of receipts.", body = PageOut<ReceiptOut>)),
    security(("bearer" = ["receivables:read"]))
)]
#[get("/v1/receipts")]
pub async fn list_receipts(
    actor: Actor<ReadReceivables>,
    listing: Listing<ReceiptFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let Listing { filter, page } = listing;
            store::list_receipts(db, &actor, &filter, &page)
        })
        .await?;
    Ok(page.map(ReceiptOut::from).into_response(&request, &cursors))
}

/// Read a receipt
///
/// By id or number. A number names the living receipt, and where there is none, the one that was reversed last; the
/// others by id.
#[utoipa::path(
    tag = "receivables",
    params(ReceiptRef),
    responses((status = 200, description = "The receipt.", body = ReceiptOut)),
    security(("bearer" = ["receivables:read"]))
)]
#[get("/v1/receipts/{receipt}")]
pub async fn find_receipt(
    actor: Actor<ReadReceivables>,
    receipt: web::Path<ReceiptRef>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let receipt =
                store::find_receipt(db, &receipt)?.ok_or(ReceivableError::Missing("receipt"))?;
            refuse_hidden(db, &actor, receipt.customer_id, "receipt")?;
            let version = receipt.version;
            Ok(Answer::ok(&ReceiptOut::from(receipt))?.version(version))
        })
        .await?;
    Ok(answer.into_response())
}

/// Apply what a receipt has left
///
/// To named invoices, or to the oldest first. It counts from `effective_on` on, today when not given; an invoice of a
/// later date is settled from its own date on. More than is left or open is refused, so that no `If-Match` is needed. An
/// `Idempotency-Key` is required.
#[utoipa::path(
    tag = "receivables",
    params(ReceiptRef),
    request_body = ApplyIn,
    responses((status = 200, description = "The receipt as it is now.", body = ReceiptOut)),
    security(("bearer" = ["cash:post"]))
)]
#[post("/v1/receipts/{receipt}/apply")]
pub async fn apply_receipt(
    actor: Actor<PostCash>,
    receipt: web::Path<ReceiptRef>,
    command: KeyedCommand<ApplyIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let receipt = actions::apply_receipt(tx, &receipt, &input.application(), input.day())?;
            let version = receipt.version;
            Ok(Answer::ok(&ReceiptOut::from(receipt))?.version(version))
        })
        .await
}

/// Release a prepayment
///
/// What is left of it is free for any invoice from now on, because the order is not to be delivered, or the customer says so.
/// An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "receivables",
    params(ReceiptRef, IfMatch),
    request_body = ReleaseReceiptIn,
    responses((status = 200, description = "The receipt as it is now.", body = ReceiptOut)),
    security(("bearer" = ["cash:post"]))
)]
#[post("/v1/receipts/{receipt}/release")]
pub async fn release_receipt(
    actor: Actor<PostCash>,
    receipt: web::Path<ReceiptRef>,
    version: IfMatch,
    command: KeyedCommand<ReleaseReceiptIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let receipt = actions::release_receipt(tx, &receipt, version.0, &input.reason)?;
            let version = receipt.version;
            Ok(Answer::ok(&ReceiptOut::from(receipt))?.version(version))
        })
        .await
}

/// Confirm a receipt
///
/// It is money of its own, and not the one that it was taken for (`possible_duplicate_of`). An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "receivables",
    params(ReceiptRef, IfMatch),
    request_body = ConfirmReceiptIn,
    responses((status = 200, description = "The receipt as it is now.", body = ReceiptOut)),
    security(("bearer" = ["cash:post"]))
)]
#[post("/v1/receipts/{receipt}/confirm")]
pub async fn confirm_receipt(
    actor: Actor<PostCash>,
    receipt: web::Path<ReceiptRef>,
    version: IfMatch,
    command: KeyedCommand<ConfirmReceiptIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let receipt = actions::confirm_receipt(tx, &receipt, version.0, &input.reason)?;
            let version = receipt.version;
            Ok(Answer::ok(&ReceiptOut::from(receipt))?.version(version))
        })
        .await
}

/// Take a receipt off an invoice
///
/// The one that is named, or all that it settles; they are open again and the money is unapplied, from `effective_on` on,
/// today when not given. What settles nothing there is refused, so that no `If-Match` is needed. An `Idempotency-Key`
/// is required.
#[utoipa::path(
    tag = "receivables",
    params(ReceiptRef),
    request_body = UnapplyIn,
    responses((status = 200, description = "The receipt as it is now.", body = ReceiptOut)),
    security(("bearer" = ["documents:reverse"]))
)]
#[post("/v1/receipts/{receipt}/unapply")]
pub async fn unapply_receipt(
    actor: Actor<ReverseDocuments>,
    receipt: web::Path<ReceiptRef>,
    command: KeyedCommand<UnapplyIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let receipt =
                actions::unapply_receipt(tx, &receipt, &input.unapplication(), &input.reason)?;
            let version = receipt.version;
            Ok(Answer::ok(&ReceiptOut::from(receipt))?.version(version))
        })
        .await
}

/// Reverse a receipt
///
/// One that was posted by mistake, or a payment that bounced. All that it settled is undone, and the invoices are open
/// again, from `effective_on` on: the receipt's own date when it was wrong from the start, the day on which it bounced,
/// today when not given. Its number may be used again. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "receivables",
    params(ReceiptRef, IfMatch),
    request_body = TakeBackIn,
    responses((status = 200, description = "The receipt as it is now.", body = ReceiptOut)),
    security(("bearer" = ["documents:reverse"]))
)]
#[post("/v1/receipts/{receipt}/reverse")]
pub async fn reverse_receipt(
    actor: Actor<ReverseDocuments>,
    receipt: web::Path<ReceiptRef>,
    version: IfMatch,
    command: KeyedCommand<TakeBackIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let receipt =
                actions::reverse_receipt(tx, &receipt, version.0, &input.reason, input.day())?;
            let version = receipt.version;
            Ok(Answer::ok(&ReceiptOut::from(receipt))?.version(version))
        })
        .await
}
