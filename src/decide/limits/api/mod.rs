//! `/v1/limit-checks`, `/v1/reservations` and `/v1/credit-blocks`.

pub mod shapes;

use actix_web::{HttpRequest, get, post, web};
use serde_json::Value;
use utoipa_actix_web::service_config::ServiceConfig;

use super::desk::{self, Asked, Desk, Errand};
use super::model::{CreditBlock, CreditBlockStatus};
use super::{actions, blocks, store};
use crate::book::customers::model::{Customer, CustomerRef};
use crate::book::customers::store as customers;
use crate::kernel::caller::Caller;
use crate::kernel::ids::{CreditBlockId, CustomerId, LimitCheckId, ReservationId};
use crate::kernel::places::Language;
use crate::platform::db::{Db, DbError, Tx};
use crate::platform::http::auth::{
    CaptureReservations, CheckLimits, DecideCreditBlocks, ManageReservations, ReadChecks,
};
use crate::platform::http::page::{CursorKey, PageOut, PageParams};
use crate::platform::http::{
    Actor, Answer, Code, Command, Doors, Ended, IfMatch, Kept, KeyedCommand, Listing, Outcome,
    Problem, Speaks,
};

use shapes::{
    AmendIn, AssignIn, CaptureIn, CaptureOut, CheckNowOut, CreditBlockDetailOut, CreditBlockOut,
    DecisionIn, ExtendIn, LimitCheckBatchIn, LimitCheckBatchOut, LimitCheckIn, LimitCheckItemOut,
    LimitCheckOut, RecordedCheckOut, ReleaseIn, ReservationOut,
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
        .service(amend_reservation)
        .service(list_credit_blocks)
        .service(find_credit_block)
        .service(release_credit_block)
        .service(reject_credit_block)
        .service(withdraw_credit_block)
        .service(assign_credit_block);
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
        errand: Errand::Check,
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
                    errand: Errand::Check,
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
    speaks: Speaks,
    listing: Listing<LimitCheckFilter>,
    request: HttpRequest,
    doors: web::Data<Doors>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = doors
        .read(move |db| {
            let rows = store::list_checks(db, &actor, &listing.filter, &listing.page)?;
            let page = listing
                .page
                .cut(rows, |row| (row.id.to_string(), row.id.to_string()));
            Ok(page.try_map(|check| RecordedCheckOut::new(check, &actor, speaks.0))?)
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
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
    speaks: Speaks,
    id: web::Path<LimitCheckId>,
    doors: web::Data<Doors>,
) -> Outcome {
    let answer = doors
        .read(move |db| {
            let missing = || Problem::not_found("limit check");
            let check = store::find_check(db, *id)?.ok_or_else(missing)?;
            visible(db, &actor, check.customer_id)?.ok_or_else(missing)?;
            Ok(Answer::ok(&RecordedCheckOut::new(check, &actor, speaks.0)?)?.version(1))
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

/// Amend a reservation
///
/// Lets the order come to another amount. Only the difference is checked; less always passes. An order that was
/// released by credit may grow up to the release's ceiling. The answer is the decision; when it is no, the reservation
/// stays as it was. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "limit-checks",
    params(("id" = ReservationId, Path, description = "The reservation.")),
    request_body = AmendIn,
    responses((status = 200, description = "The decision.", body = LimitCheckOut)),
    security(("bearer" = ["reservations:manage"]))
)]
#[post("/v1/reservations/{id}/amend")]
pub async fn amend_reservation(
    actor: Actor<ManageReservations>,
    speaks: Speaks,
    id: web::Path<ReservationId>,
    command: KeyedCommand<AmendIn>,
    desk: web::Data<Desk>,
    doors: web::Data<Doors>,
) -> Outcome {
    let caller = Caller::clone(&actor);
    let (input, keyed) = command.into_parts(&caller)?;
    let _claim = doors.claim(&keyed.scope)?;
    let reader = caller.clone();
    let reservation = *id;
    let input = doors
        .read(move |db| actions::to_amend(db, &reader, reservation, &input))
        .await?;
    let asked = Asked {
        errand: Errand::Amend(reservation),
        caller,
        input,
        keyed: Some(keyed),
        language: speaks.0,
    };
    Ok(desk.check(asked).await?.into_response())
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
    let reader = Caller::clone(&actor);
    let page = doors
        .read(move |db| {
            let rows = store::list_blocks(db, &actor, &listing.filter, &listing.page)?;
            Ok(listing
                .page
                .cut(rows, |row| (row.id.to_string(), row.id.to_string())))
        })
        .await?;
    Ok(page
        .map(|block| CreditBlockOut::new(block, &reader, speaks.0))
        .into_response(&request, &cursors))
}

/// Read a credit block
///
/// The order that waits, why, and what its check would say now.
#[utoipa::path(
    tag = "limit-checks",
    params(("id" = CreditBlockId, Path, description = "The credit block.")),
    responses((status = 200, description = "The credit block.", body = CreditBlockDetailOut)),
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
            let now = block
                .status
                .waits()
                .then(|| blocks::look_again(db, &actor, &block))
                .transpose()?;
            let block = CreditBlockOut::new(block, &actor, speaks.0);
            let now = now.map(|record| CheckNowOut::new(&record, &actor, speaks.0));
            Ok(Answer::ok(&CreditBlockDetailOut { block, now })?.version(version))
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
    request_body = ReleaseIn,
    responses((status = 200, description = "The credit block as it is now.", body = CreditBlockOut)),
    security(("bearer" = ["credit-blocks:decide"]))
)]
#[post("/v1/credit-blocks/{id}/release")]
pub async fn release_credit_block(
    actor: Actor<DecideCreditBlocks>,
    speaks: Speaks,
    id: web::Path<CreditBlockId>,
    version: IfMatch,
    command: KeyedCommand<ReleaseIn>,
    doors: web::Data<Doors>,
) -> Outcome {
    doors
        .once_keyed(&actor, command, move |tx, input| {
            let block = blocks::release(tx, *id, version.0, input)?;
            describe_block(tx, block, speaks.0)
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
            let rejected = CreditBlockStatus::Rejected;
            let block = blocks::close(tx, *id, version.0, rejected, input.reason.as_str())?;
            describe_block(tx, block, speaks.0)
        })
        .await
}

/// Withdraw a credit block
///
/// The order is no more: nothing is taken, and nobody needs to decide. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "limit-checks",
    params(
        ("id" = CreditBlockId, Path, description = "The credit block."),
        ("If-Match" = String, Header, description = "The ETag that you read.", max_length = 40, pattern = "^\"[0-9]+\"$"),
    ),
    request_body = DecisionIn,
    responses((status = 200, description = "The credit block as it is now.", body = CreditBlockOut)),
    security(("bearer" = ["reservations:manage"]))
)]
#[post("/v1/credit-blocks/{id}/withdraw")]
pub async fn withdraw_credit_block(
    actor: Actor<ManageReservations>,
    speaks: Speaks,
    id: web::Path<CreditBlockId>,
    version: IfMatch,
    command: KeyedCommand<DecisionIn>,
    doors: web::Data<Doors>,
) -> Outcome {
    doors
        .once_keyed(&actor, command, move |tx, input| {
            let withdrawn = CreditBlockStatus::Withdrawn;
            let block = blocks::close(tx, *id, version.0, withdrawn, input.reason.as_str())?;
            describe_block(tx, block, speaks.0)
        })
        .await
}

/// Assign a credit block
///
/// Gives the order to somebody of credit to look at, or puts it back into the queue.
#[utoipa::path(
    tag = "limit-checks",
    params(
        ("id" = CreditBlockId, Path, description = "The credit block."),
        ("If-Match" = String, Header, description = "The ETag that you read.", max_length = 40, pattern = "^\"[0-9]+\"$"),
    ),
    request_body = AssignIn,
    responses((status = 200, description = "The credit block as it is now.", body = CreditBlockOut)),
    security(("bearer" = ["credit-blocks:decide"]))
)]
#[post("/v1/credit-blocks/{id}/assign")]
pub async fn assign_credit_block(
    actor: Actor<DecideCreditBlocks>,
    speaks: Speaks,
    id: web::Path<CreditBlockId>,
    version: IfMatch,
    command: Command<AssignIn>,
    doors: web::Data<Doors>,
) -> Outcome {
    doors
        .once(&actor, command, move |tx, input| {
            let block = blocks::assign(tx, *id, version.0, input.assigned_to.as_ref())?;
            describe_block(tx, block, speaks.0)
        })
        .await
}

/// A credit block as its changes answer it.
fn describe_block(tx: &Tx, block: CreditBlock, language: Language) -> Result<Answer, Problem> {
    let version = block.version;
    Ok(Answer::ok(&CreditBlockOut::new(block, tx.caller(), language))?.version(version))
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
