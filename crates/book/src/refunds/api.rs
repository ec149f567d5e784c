//! `/v1/refunds`.

use actix_web::{HttpRequest, get, post, web};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::{self, RefundError};
use super::input::{PayRefundIn, RefundFilter, RefundIn};
use super::model::{Refund, RefundStatus};
use super::store;
use crate::book::customers::model::CustomerRef;
use crate::book::customers::store as customers;
use crate::platform::http::auth::{DecideRefunds, ReadReceivables, RequestRefunds};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{
    Actor, Answer, Code, Executor, IfMatch, KeyedCommand, Listing, Outcome, Problem, ReasonIn,
};
use kernel::clock::Instant;
use kernel::ids::{CustomerId, ReceiptId, RefundId};
use kernel::money::Money;
use kernel::text::{Line, Note, Subject};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(request_refund)
        .service(list_refunds)
        .service(find_refund)
        .service(approve_refund)
        .service(reject_refund)
        .service(pay_refund)
        .service(cancel_refund);
}

/// Request a refund
///
/// Of money that a receipt has left. It stays unapplied until another person approves. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "receivables",
    request_body = RefundIn,
    responses((status = 201, description = "The refund.", body = RefundOut)),
    security(("bearer" = ["refunds:request"]))
)]
#[post("/v1/refunds")]
pub async fn request_refund(
    actor: Actor<RequestRefunds>,
    command: KeyedCommand<RefundIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, |tx, input| {
            let refund = actions::request(tx, input)?;
            let location = format!("/v1/refunds/{}", refund.id);
            let version = refund.version;
            Ok(Answer::created(&RefundOut::from(refund), location)?.version(version))
        })
        .await
}

/// List refunds
///
/// To the customers that you may see, the newest first.
#[utoipa::path(
    tag = "receivables",
    params(Listing<RefundFilter>),
    responses((status = 200, description = "One page of refunds.", body = PageOut<RefundOut>)),
    security(("bearer" = ["receivables:read"]))
)]
#[get("/v1/refunds")]
pub async fn list_refunds(
    actor: Actor<ReadReceivables>,
    listing: Listing<RefundFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| store::list(db, &actor, &listing.filter, &listing.page))
        .await?;
    Ok(page.map(RefundOut::from).into_response(&request, &cursors))
}

/// Read a refund
///
/// Where it stands: requested, approved, rejected or paid, and by whom.
#[utoipa::path(
    tag = "receivables",
    params(RefundId),
    responses((status = 200, description = "The refund.", body = RefundOut)),
    security(("bearer" = ["receivables:read"]))
)]
#[get("/v1/refunds/{id}")]
pub async fn find_refund(
    actor: Actor<ReadReceivables>,
    id: web::Path<RefundId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let refund = store::find(db, *id)?.ok_or(RefundError::Missing)?;
            let customer = CustomerRef::Id(refund.customer_id);
            customers::find_visible(db, &actor, &customer)?.ok_or(RefundError::Missing)?;
            answer(refund)
        })
        .await?;
    Ok(answer.into_response())
}

/// Approve a refund
///
/// By another person than who requested it. The money is held from now on: it is no longer unapplied. An
/// `Idempotency-Key` is required.
#[utoipa::path(
    tag = "receivables",
    params(RefundId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The refund as it is now.", body = RefundOut)),
    security(("bearer" = ["refunds:decide"]))
)]
#[post("/v1/refunds/{id}/approve")]
pub async fn approve_refund(
    actor: Actor<DecideRefunds>,
    id: web::Path<RefundId>,
    version: IfMatch,
    command: KeyedCommand<ReasonIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            answer(actions::approve(tx, *id, version.0, &input.reason)?)
        })
        .await
}

/// Reject a refund
///
/// By another person than who requested it: the money stays unapplied. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "receivables",
    params(RefundId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The refund as it is now.", body = RefundOut)),
    security(("bearer" = ["refunds:decide"]))
)]
#[post("/v1/refunds/{id}/reject")]
pub async fn reject_refund(
    actor: Actor<DecideRefunds>,
    id: web::Path<RefundId>,
    version: IfMatch,
    command: KeyedCommand<ReasonIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            answer(actions::reject(tx, *id, version.0, &input.reason)?)
        })
        .await
}

/// Say that a refund was paid
///
/// An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "receivables",
    params(RefundId, IfMatch),
    request_body = PayRefundIn,
    responses((status = 200, description = "The refund as it is now.", body = RefundOut)),
    security(("bearer" = ["refunds:decide"]))
)]
#[post("/v1/refunds/{id}/pay")]
pub async fn pay_refund(
    actor: Actor<DecideRefunds>,
    id: web::Path<RefundId>,
    version: IfMatch,
    command: KeyedCommand<PayRefundIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            answer(actions::pay(tx, *id, version.0, input)?)
        })
        .await
}

/// Cancel a refund
///
/// One that was approved and is not paid after all: the money is unapplied again. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "receivables",
    params(RefundId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The refund as it is now.", body = RefundOut)),
    security(("bearer" = ["refunds:decide"]))
)]
#[post("/v1/refunds/{id}/cancel")]
pub async fn cancel_refund(
    actor: Actor<DecideRefunds>,
    id: web::Path<RefundId>,
    version: IfMatch,
    command: KeyedCommand<ReasonIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            answer(actions::cancel(tx, *id, version.0, &input.reason)?)
        })
        .await
}

fn answer(refund: Refund) -> Result<Answer, Problem> {
    let version = refund.version;
    Ok(Answer::ok(&RefundOut::from(refund))?.version(version))
}

/// Money that is given back of a receipt.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Refund, example = json!({
    "id": "rfd_01k00000000000000000000001", "receipt_id": "rcp_01k00000000000000000000001",
    "customer_id": "cus_01k00000000000000000000001", "amount": {"amount": "200.00", "currency": "CNY"},
    "status": "paid", "reason": "Invoice I-2026-0001 was paid twice.", "requested_by": "u-21",
    "requested_at": "2026-04-14T08:00:00.000000Z", "decided_by": "u-31", "decided_at": "2026-04-14T09:00:00.000000Z",
    "decision_reason": "Checked with the bank.", "paid_on": "2026-04-15", "payment_reference": "SEPA 2026-0415-17"
}))]
pub struct RefundOut {
    id: RefundId,
    receipt_id: ReceiptId,
    customer_id: CustomerId,
    amount: Money,
    status: RefundStatus,
    reason: Note,
    requested_by: Subject,
    requested_at: Instant,
    decided_by: Option<Subject>,
    decided_at: Option<Instant>,
    decision_reason: Option<Note>,
    paid_on: Option<NaiveDate>,
    /// What the bank or the ERP calls the payment.
    payment_reference: Option<Line>,
}

impl From<Refund> for RefundOut {
    fn from(refund: Refund) -> RefundOut {
        RefundOut {
            amount: refund.amount(),
            id: refund.id,
            receipt_id: refund.receipt_id,
            customer_id: refund.customer_id,
            status: refund.status,
            reason: refund.reason,
            requested_by: refund.requested_by,
            requested_at: refund.requested_at,
            decided_by: refund.decided_by,
            decided_at: refund.decided_at,
            decision_reason: refund.decision_reason,
            paid_on: refund.paid_on,
            payment_reference: refund.payment_reference,
        }
    }
}

impl From<RefundError> for Problem {
    fn from(error: RefundError) -> Problem {
        let text = error.to_string();
        match error {
            RefundError::Missing => Problem::not_found("refund"),
            RefundError::NoSuchReceipt => Problem::not_found_at("/receipt_id", "receipt"),
            RefundError::Is(status) => Problem::state("refund", status, status.allowed()),
            RefundError::OwnRequest => {
                Problem::new(Code::SegregationOfDuties).with("duty", "requester of the refund")
            }
            RefundError::PaidOn => Problem::invalid("/paid_on", "out_of_bounds", text),
            RefundError::Stale => Problem::new(Code::Stale),
            RefundError::Receipt(error) => error.into(),
            RefundError::Db(error) => error.into(),
        }
    }
}
