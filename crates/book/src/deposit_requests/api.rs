//! `/v1/deposit-requests`.

use actix_web::{HttpRequest, get, post, web};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::{self, DepositError};
use super::input::{DepositRequestFilter, DepositRequestIn};
use super::model::{DepositStatus, StandingRequest};
use super::{rules, store};
use crate::book::customers::model::CustomerRef;
use crate::book::customers::store as customers;
use crate::book::receivables::model::DepositRequestRef;
use crate::platform::http::auth::{PostInvoices, ReadReceivables, ReverseDocuments};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{
    Actor, Answer, Code, Executor, IfMatch, KeyedCommand, Listing, Outcome, Problem, ReasonIn,
};
use kernel::clock::Instant;
use kernel::ids::{CreditAccountId, CustomerId, DepositRequestId, LegalEntityId};
use kernel::money::Money;
use kernel::text::{Keyword, Number, Subject};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(post_deposit_request)
        .service(list_deposit_requests)
        .service(find_deposit_request)
        .service(cancel_deposit_request);
}

/// Post a deposit request
///
/// It asks for money before an invoice (down payment). It is no receivable, no exposure and in no aging. Money that comes
/// for it is a receipt that names it (`deposit_request`) or its order (`prepaid_order_number`). An `Idempotency-Key` is
/// required.
#[utoipa::path(
    tag = "receivables",
    request_body = DepositRequestIn,
    responses((status = 201, description = "The request.", body = DepositRequestOut)),
    security(("bearer" = ["invoices:post"]))
)]
#[post("/v1/deposit-requests")]
pub async fn post_deposit_request(
    actor: Actor<PostInvoices>,
    command: KeyedCommand<DepositRequestIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, |tx, input| {
            let standing = actions::create(tx, input)?;
            let today = tx.today();
            let location = format!("/v1/deposit-requests/{}", standing.request.id);
            let version = standing.request.version;
            let out = DepositRequestOut::new(standing, today);
            Ok(Answer::created(&out, location)?.version(version))
        })
        .await
}

/// List deposit requests
///
/// Those to customers that you may see, what is due first first.
#[utoipa::path(
    tag = "receivables",
    params(Listing<DepositRequestFilter>),
    responses((status = 200, description = "One page of requests.", body = PageOut<DepositRequestOut>)),
    security(("bearer" = ["receivables:read"]))
)]
#[get("/v1/deposit-requests")]
pub async fn list_deposit_requests(
    actor: Actor<ReadReceivables>,
    listing: Listing<DepositRequestFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let today = db.today();
            let page = store::list(db, &actor, &listing.filter, today, &listing.page)?;
            Ok(page.map(|standing| DepositRequestOut::new(standing, today)))
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Read a deposit request
///
/// By id or number. A number names the living request, and where there is none, the one that was cancelled last.
#[utoipa::path(
    tag = "receivables",
    params(DepositRequestRef),
    responses((status = 200, description = "The request.", body = DepositRequestOut)),
    security(("bearer" = ["receivables:read"]))
)]
#[get("/v1/deposit-requests/{deposit_request}")]
pub async fn find_deposit_request(
    actor: Actor<ReadReceivables>,
    reference: web::Path<DepositRequestRef>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let standing = store::find(db, &reference)?.ok_or(DepositError::Missing)?;
            let customer = CustomerRef::Id(standing.request.customer_id);
            customers::find_visible(db, &actor, &customer)?.ok_or(DepositError::Missing)?;
            let (version, today) = (standing.request.version, db.today());
            Ok(Answer::ok(&DepositRequestOut::new(standing, today))?.version(version))
        })
        .await?;
    Ok(answer.into_response())
}

/// Cancel a deposit request
///
/// The money is no longer asked for; what came for its order stays a prepayment. Its number may be used again. An
/// `Idempotency-Key` is required.
#[utoipa::path(
    tag = "receivables",
    params(DepositRequestRef, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The request, cancelled.", body = DepositRequestOut)),
    security(("bearer" = ["documents:reverse"]))
)]
#[post("/v1/deposit-requests/{deposit_request}/cancel")]
pub async fn cancel_deposit_request(
    actor: Actor<ReverseDocuments>,
    reference: web::Path<DepositRequestRef>,
    version: IfMatch,
    command: KeyedCommand<ReasonIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let standing = actions::cancel(tx, &reference, version.0, &input.reason)?;
            let (version, today) = (standing.request.version, tx.today());
            Ok(Answer::ok(&DepositRequestOut::new(standing, today))?.version(version))
        })
        .await
}

/// A request for money before an invoice.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DepositRequest, example = json!({
    "id": "dep_01k00000000000000000000001", "number": "DR-2026-0001", "customer_id": "cus_01k00000000000000000000001",
    "credit_account_id": "acc_01k00000000000000000000001", "legal_entity_id": "ent_00000000000e00800000000001",
    "order_number": "SO-2026-0001", "amount": {"amount": "3750.00", "currency": "CNY"},
    "paid": {"amount": "1000.00", "currency": "CNY"}, "open": {"amount": "2750.00", "currency": "CNY"},
    "request_date": "2026-03-31", "due_date": "2026-04-10", "status": "part_paid", "is_overdue": false, "days_overdue": 0,
    "label": null, "cancelled_on": null, "cancel_reason": null, "created_by": "u-31",
    "created_at": "2026-03-31T08:00:00.000000Z"
}))]
pub struct DepositRequestOut {
    id: DepositRequestId,
    number: Number,
    customer_id: CustomerId,
    credit_account_id: CreditAccountId,
    /// The company that asks.
    legal_entity_id: LegalEntityId,
    /// The order that is paid for beforehand.
    order_number: Number,
    amount: Money,
    /// What of it is there, counted from the prepayments of the order that stand: of its requests the one that is due first
    /// is paid first.
    paid: Money,
    /// What is still asked for; nothing when it is cancelled.
    open: Money,
    request_date: NaiveDate,
    due_date: NaiveDate,
    status: DepositStatus,
    /// Whether it was due before today, and something is open.
    is_overdue: bool,
    /// By how many days; 0 when it is not.
    #[schema(minimum = 0, maximum = 1_000_000)]
    days_overdue: i64,
    label: Option<Keyword>,
    cancelled_on: Option<NaiveDate>,
    #[schema(max_length = 2000)]
    cancel_reason: Option<String>,
    created_by: Subject,
    created_at: Instant,
}

impl DepositRequestOut {
    fn new(standing: StandingRequest, today: NaiveDate) -> DepositRequestOut {
        let days_overdue = rules::days_overdue(&standing, today);
        let (status, open_minor) = (standing.status(), standing.open_minor());
        let request = standing.request;
        DepositRequestOut {
            amount: request.money(request.amount_minor),
            paid: request.money(standing.paid_minor),
            open: request.money(open_minor),
            status,
            is_overdue: days_overdue > 0,
            days_overdue,
            id: request.id,
            number: request.number,
            customer_id: request.customer_id,
            credit_account_id: request.account_id,
            legal_entity_id: request.legal_entity_id,
            order_number: request.order_number,
            request_date: request.request_date,
            due_date: request.due_date,
            label: request.label,
            cancelled_on: request.cancelled_on,
            cancel_reason: request.cancel_reason,
            created_by: request.created_by,
            created_at: request.created_at,
        }
    }
}

impl From<DepositError> for Problem {
    fn from(error: DepositError) -> Problem {
        match error {
            DepositError::Missing => Problem::not_found("deposit request"),
            DepositError::Cancelled => Problem::state("deposit request", "cancelled", [""; 0]),
            DepositError::Stale => Problem::new(Code::Stale),
            DepositError::Receivable(error) => error.into(),
            DepositError::Db(error) => error.into(),
        }
    }
}
