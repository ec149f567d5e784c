//! `/v1/limit-checks`, `/v1/reservations` and `/v1/credit-blocks`.

pub mod shapes;

use actix_web::{HttpRequest, get, post, web};
use serde_json::Value;
use utoipa_actix_web::service_config::ServiceConfig;

use super::desk::{self, Asked, Desk};
use super::{actions, blocks, store};
use crate::book::customers::model::{Customer, CustomerRef};
use crate::book::customers::store as customers;
use crate::kernel::caller::Caller;
use crate::kernel::ids::{CreditBlockId, CustomerId, LimitCheckId, ReservationId};
use crate::kernel::places::Language;
use crate::platform::db::{Db, DbError};
use crate::platform::http::auth::{
    CaptureReservations, CheckLimits, DecideCreditBlocks, ManageReservations, ReadChecks,
};
use crate::platform::http::page::{CursorKey, PageOut, PageParams};
use crate::platform::http::{
    Actor, Answer, Code, Command, Doors, Ended, IfMatch, Kept, KeyedCommand, Listing, Outcome,
    Problem, Speaks,
};

use shapes::{
    CaptureIn, CaptureOut, CreditBlockOut, DecisionIn, ExtendIn, LimitCheckBatchIn,
    LimitCheckBatchOut, LimitCheckIn, LimitCheckItemOut, LimitCheckOut, RecordedCheckOut,
    ReservationOut,
};
pub use shapes::{CreditBlockFilter, LimitCheckFilter, ReservationFilter};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(check_limit)
        .service(check_limits_batch)
        .service(list_limit_checks)
        .service(find_limit_check)
        .service(list_reservations)
        .service(find_reservation)
        .service(capture_reservation)
        .service(release_reservation)
        .service(extend_reservation)
        .service(list_credit_blocks)
        .service(find_credit_block)
        .service(release_credit_block)
        .service(reject_credit_block);
}

/// Check a limit
///
/// May this customer have so much more? The answer is a decision with reasons, also when it is no. With `reserve`
/// the capacity is taken in the same breath, and an order that credit must look at opens a credit block; then an
/// `Idempotency-Key` is needed. A check without `reserve` leaves out what the same order holds already.
#[utoipa::path(
    tag = "limit-checks",
    request_body = LimitCheckIn,
    responses((status = 200, description = "The decision.", body = LimitCheckOut)),
    security(("bearer" = ["limits:check"]))
)]
#[post("/v1/limit-checks")]
pub async fn check_limit(
    actor: Actor<CheckLimits>,
    speaks: Speaks,
    command: Command<LimitCheckIn>,
    desk: web::Data<Desk>,
    doors: web::Data<Doors>,
) -> Outcome {
    let caller = Caller::clone(&actor);
    let (input, keyed) = command.into_parts(&caller);
    if input.reserves() && keyed.is_none() {
        return Err(Problem::new(Code::IdempotencyKeyMissing));
    }
    let language = speaks.0;
    let _claim = keyed
        .as_ref()
        .map(|keyed| doors.claim(&keyed.scope))
        .transpose()?;
    let asked = Asked {
        caller,
        input,
        keyed,
        language,
    };
    if asked.input.is_dry_run() {
        let out = doors.read(move |db| desk::dry_run(db, &asked)).await?;
        return Ok(Answer::ok(&out)?.into_response());
    }
    Ok(desk.check(asked).await?.into_response())
}

/// Check many limits
///
/// Up to 500 checks, decided in order and in one transaction; each has its own answer, and one that is refused does
/// not touch the others. An `Idempotency-Key` is needed when one of them reserves.
#[utoipa::path(
    tag = "limit-checks",
    request_body = LimitCheckBatchIn,
    responses((status = 207, description = "Each check's answer.", body = LimitCheckBatchOut)),
    security(("bearer" = ["limits:check"]))
)]
#[post("/v1/limit-checks/batch")]
pub async fn check_limits_batch(
    actor: Actor<CheckLimits>,
    speaks: Speaks,
    command: Command<LimitCheckBatchIn>,
    doors: web::Data<Doors>,
) -> Outcome {
    if command.input().items.iter().any(LimitCheckIn::reserves) && !command.has_key() {
        return Err(Problem::new(Code::IdempotencyKeyMissing));
    }
    let (caller, language) = (Caller::clone(&actor), speaks.0);
    doors
        .once(&actor, command, move |tx, input| {
            let asked: Vec<Asked> = input
                .items
                .iter()
                .map(|item| Asked {
                    caller: caller.clone(),
                    input: item.clone(),
                    keyed: None,
                    language,
                })
                .collect();
            let answers = desk::check_all(tx, &asked)?;
            let items = answers
                .into_iter()
                .map(|answer| item(answer, &caller, language))
                .collect();
            Answer::multi_status(&LimitCheckBatchOut { items })
        })
        .await
}

/// List recorded limit checks
///
/// The newest first.
#[utoipa::path(
    tag = "limit-checks",
    params(LimitCheckFilter, PageParams),
    responses((status = 200, description = "One page of checks.", body = PageOut<RecordedCheckOut>)),
    security(("bearer" = ["limits:read"]))
)]
#[get("/v1/limit-checks")]
pub async fn list_limit_checks(
    actor: Actor<ReadChecks>,
    listing: Listing<LimitCheckFilter>,
    request: HttpRequest,
    doors: web::Data<Doors>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = doors
        .read(move |db| {
            let rows = store::list_checks(db, &actor, &listing.filter, &listing.page)?;
            Ok(listing
                .page
                .cut(rows, |row| (row.id.to_string(), row.id.to_string())))
        })
        .await?;
    Ok(page
        .map(RecordedCheckOut::from)
        .into_response(&request, &cursors))
}

/// Read a recorded limit check
///
/// What was asked, what was looked up, and what was answered.
#[utoipa::path(
    tag = "limit-checks",
    params(("id" = LimitCheckId, Path, description = "The check.")),
    responses((status = 200, description = "The check.", body = RecordedCheckOut)),
    security(("bearer" = ["limits:read"]))
)]
#[get("/v1/limit-checks/{id}")]
pub async fn find_limit_check(
    actor: Actor<ReadChecks>,
    id: web::Path<LimitCheckId>,
    doors: web::Data<Doors>,
) -> Outcome {
    let answer = doors
        .read(move |db| {
            let missing = || Problem::not_found("limit check");
            let check = store::find_check(db, *id)?.ok_or_else(missing)?;
            visible(db, &actor, check.customer_id)?.ok_or_else(missing)?;
            Ok(Answer::ok(&RecordedCheckOut::from(check))?.version(1))
        })
        .await?;
    Ok(answer.into_response())
}

/// List reservations
///
/// The newest first.
#[utoipa::path(
    tag = "limit-checks",
    params(ReservationFilter, PageParams),
    responses((status = 200, description = "One page of reservations.", body = PageOut<ReservationOut>)),
    security(("bearer" = ["limits:read"]))
)]
#[get("/v1/reservations")]
pub async fn list_reservations(
    actor: Actor<ReadChecks>,
    listing: Listing<ReservationFilter>,
    request: HttpRequest,
    doors: web::Data<Doors>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = doors
        .read(move |db| {
            let rows = store::list_reservations(db, &actor, &listing.filter, &listing.page)?;
            Ok(listing
                .page
                .cut(rows, |row| (row.id.to_string(), row.id.to_string())))
        })
        .await?;
    Ok(page
        .map(ReservationOut::from)
        .into_response(&request, &cursors))
}

/// Read a reservation
///
/// What it holds, what was captured, and how it ended.
#[utoipa::path(
    tag = "limit-checks",
    params(("id" = ReservationId, Path, description = "The reservation.")),
    responses((status = 200, description = "The reservation.", body = ReservationOut)),
    security(("bearer" = ["limits:read"]))
)]
#[get("/v1/reservations/{id}")]
pub async fn find_reservation(
    actor: Actor<ReadChecks>,
    id: web::Path<ReservationId>,
    doors: web::Data<Doors>,
) -> Outcome {
    let answer = doors
        .read(move |db| {
            let missing = || Problem::not_found("reservation");
            let reservation = store::find_reservation(db, *id)?.ok_or_else(missing)?;
            visible(db, &actor, reservation.customer_id)?.ok_or_else(missing)?;
            let version = reservation.version;
            Ok(Answer::ok(&ReservationOut::from(reservation))?.version(version))
        })
        .await?;
    Ok(answer.into_response())
}

/// Capture a reservation into an invoice
///
/// Posts the invoice, whole or for a part of the order: capacity moves from reserved to receivable and is counted
/// once at every moment. A capture never fails for want of limit; it may pass the reservation by the policy's
/// tolerance only. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "limit-checks",
    params(("id" = ReservationId, Path, description = "The reservation.")),
    request_body = CaptureIn,
    responses((status = 201, description = "The reservation as it is now, and its invoice.", body = CaptureOut)),
    security(("bearer" = ["reservations:capture"]))
)]
#[post("/v1/reservations/{id}/capture")]
pub async fn capture_reservation(
    actor: Actor<CaptureReservations>,
    id: web::Path<ReservationId>,
    command: KeyedCommand<CaptureIn>,
    doors: web::Data<Doors>,
) -> Outcome {
    doors
        .once_keyed(&actor, command, move |tx, input| {
            let new = input.invoice.to_new();
            let remainder = input.remainder.unwrap_or_default();
            let (reservation, invoice) = actions::capture(tx, *id, new, remainder)?;
            let location = format!("/v1/invoices/{}", invoice.id);
            Answer::created(&CaptureOut::new(reservation, invoice), location)
        })
        .await
}

/// Release a reservation
///
/// Gives back what it still holds. Releasing it again gives the same answer. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "limit-checks",
    params(("id" = ReservationId, Path, description = "The reservation.")),
    request_body = DecisionIn,
    responses((status = 200, description = "The reservation as it is now.", body = ReservationOut)),
    security(("bearer" = ["reservations:manage"]))
)]
#[post("/v1/reservations/{id}/release")]
pub async fn release_reservation(
    actor: Actor<ManageReservations>,
    id: web::Path<ReservationId>,
    command: KeyedCommand<DecisionIn>,
    doors: web::Data<Doors>,
) -> Outcome {
    doors
        .once_keyed(&actor, command, move |tx, input| {
            let reservation = actions::release(tx, *id, input.reason.as_str())?;
            let version = reservation.version;
            Ok(Answer::ok(&ReservationOut::from(reservation))?.version(version))
        })
        .await
}

/// Extend a reservation
///
/// Lets it hold until later, within what the policy allows. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "limit-checks",
    params(("id" = ReservationId, Path, description = "The reservation.")),
    request_body = ExtendIn,
    responses((status = 200, description = "The reservation as it is now.", body = ReservationOut)),
    security(("bearer" = ["reservations:manage"]))
)]
#[post("/v1/reservations/{id}/extend")]
pub async fn extend_reservation(
    actor: Actor<ManageReservations>,
    id: web::Path<ReservationId>,
    command: KeyedCommand<ExtendIn>,
    doors: web::Data<Doors>,
) -> Outcome {
    doors
        .once_keyed(&actor, command, move |tx, input| {
            let reservation = actions::extend(tx, *id, input.reserve_until)?;
            let version = reservation.version;
            Ok(Answer::ok(&ReservationOut::from(reservation))?.version(version))
        })
        .await
}

/// List credit blocks
///
/// Orders that wait for credit, and those that were decided: the oldest first, as a queue.
#[utoipa::path(
    tag = "limit-checks",
    params(CreditBlockFilter, PageParams),
    responses((status = 200, description = "One page of credit blocks.", body = PageOut<CreditBlockOut>)),
    security(("bearer" = ["limits:read"]))
)]
#[get("/v1/credit-blocks")]
pub async fn list_credit_blocks(
    actor: Actor<ReadChecks>,
    speaks: Speaks,
    listing: Listing<CreditBlockFilter>,
    request: HttpRequest,
    doors: web::Data<Doors>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = doors
        .read(move |db| {
            let rows = store::list_blocks(db, &actor, &listing.filter, &listing.page)?;
            Ok(listing
                .page
                .cut(rows, |row| (row.id.to_string(), row.id.to_string())))
        })
        .await?;
    Ok(page
        .map(|block| CreditBlockOut::new(block, speaks.0))
        .into_response(&request, &cursors))
}

/// Read a credit block
///
/// The order that waits, and why.
#[utoipa::path(
    tag = "limit-checks",
    params(("id" = CreditBlockId, Path, description = "The credit block.")),
    responses((status = 200, description = "The credit block.", body = CreditBlockOut)),
    security(("bearer" = ["limits:read"]))
)]
#[get("/v1/credit-blocks/{id}")]
pub async fn find_credit_block(
    actor: Actor<ReadChecks>,
    speaks: Speaks,
    id: web::Path<CreditBlockId>,
    doors: web::Data<Doors>,
) -> Outcome {
    let answer = doors
        .read(move |db| {
            let missing = || Problem::not_found("credit block");
            let block = store::find_block(db, *id)?.ok_or_else(missing)?;
            visible(db, &actor, block.customer_id)?.ok_or_else(missing)?;
            let version = block.version;
            Ok(Answer::ok(&CreditBlockOut::new(block, speaks.0))?.version(version))
        })
        .await?;
    Ok(answer.into_response())
}

/// Release a credit block
///
/// The order may go: its reservation is taken, whatever the limit. Never by the order's creator, and not while a
/// rule rejects outright. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "limit-checks",
    params(
        ("id" = CreditBlockId, Path, description = "The credit block."),
        ("If-Match" = String, Header, description = "The ETag that you read.", max_length = 40, pattern = "^\"[0-9]+\"$"),
    ),
    request_body = DecisionIn,
    responses((status = 200, description = "The credit block as it is now.", body = CreditBlockOut)),
    security(("bearer" = ["credit-blocks:decide"]))
)]
#[post("/v1/credit-blocks/{id}/release")]
pub async fn release_credit_block(
    actor: Actor<DecideCreditBlocks>,
    speaks: Speaks,
    id: web::Path<CreditBlockId>,
    version: IfMatch,
    command: KeyedCommand<DecisionIn>,
    doors: web::Data<Doors>,
) -> Outcome {
    doors
        .once_keyed(&actor, command, move |tx, input| {
            let block = blocks::release(tx, *id, version.0, input.reason.as_str())?;
            let version = block.version;
            Ok(Answer::ok(&CreditBlockOut::new(block, speaks.0))?.version(version))
        })
        .await
}

/// Reject a credit block
///
/// The order may not go; nothing is taken. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "limit-checks",
    params(
        ("id" = CreditBlockId, Path, description = "The credit block."),
        ("If-Match" = String, Header, description = "The ETag that you read.", max_length = 40, pattern = "^\"[0-9]+\"$"),
    ),
    request_body = DecisionIn,
    responses((status = 200, description = "The credit block as it is now.", body = CreditBlockOut)),
    security(("bearer" = ["credit-blocks:decide"]))
)]
#[post("/v1/credit-blocks/{id}/reject")]
pub async fn reject_credit_block(
    actor: Actor<DecideCreditBlocks>,
    speaks: Speaks,
    id: web::Path<CreditBlockId>,
    version: IfMatch,
    command: KeyedCommand<DecisionIn>,
    doors: web::Data<Doors>,
) -> Outcome {
    doors
        .once_keyed(&actor, command, move |tx, input| {
            let block = blocks::reject(tx, *id, version.0, input.reason.as_str())?;
            let version = block.version;
            Ok(Answer::ok(&CreditBlockOut::new(block, speaks.0))?.version(version))
        })
        .await
}

/// The customer, unless it is hidden from the caller.
pub fn visible(
    db: &mut Db,
    caller: &Caller,
    customer: CustomerId,
) -> Result<Option<Customer>, DbError> {
    customers::find_visible(db, caller, &CustomerRef::Id(customer))
}

/// One answer of a batch, as a single request would have had it.
fn item(answer: Result<Ended, Problem>, caller: &Caller, language: Language) -> LimitCheckItemOut {
    let problem = match answer {
        Ok(Ended::Fresh(Kept::Answer(answer)) | Ended::Replayed(Kept::Answer(answer))) => {
            return LimitCheckItemOut {
                status: answer.status(),
                check: serde_json::from_str::<Value>(answer.body()).ok(),
                problem: None,
            };
        }
        Ok(Ended::Fresh(Kept::Refusal(problem)) | Ended::Replayed(Kept::Refusal(problem)))
        | Err(problem) => problem,
    };
    LimitCheckItemOut {
        status: problem.code().status(),
        check: None,
        problem: Some(problem.body(language, "/v1/limit-checks", &caller.request_id)),
    }
}
