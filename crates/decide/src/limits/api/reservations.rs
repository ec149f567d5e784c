//! `/v1/reservations`.

use crate::decide::limits::input::{AmendIn, CaptureIn, ExtendIn, ReservationFilter};
use std::sync::Arc;

use actix_web::{HttpRequest, get, post, web};

use super::shapes::{CaptureOut, LimitCheckOut, ReservationOut};
use crate::decide::limits::actions::{self, visible};
use crate::decide::limits::check::CheckKind;
use crate::decide::limits::desk::{CheckRequest, Desk};
use crate::decide::limits::model::Reservation;
use crate::decide::limits::store;
use crate::platform::http::auth::{CaptureReservations, ManageReservations, ReadChecks};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{
    AcceptLanguage, Actor, Answer, Executor, KeyedCommand, Listing, Outcome, Problem, ReasonIn,
};
use kernel::ids::ReservationId;

/// List reservations
///
/// The newest first.
#[utoipa::path(
    tag = "limit-checks",
    params(Listing<ReservationFilter>),
    responses((status = 200, description = "One page of reservations.", body = PageOut<ReservationOut>)),
    security(("bearer" = ["limits:read"]))
)]
#[get("/v1/reservations")]
pub async fn list_reservations(
    actor: Actor<ReadChecks>,
    listing: Listing<ReservationFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| store::list_reservations(db, &actor, &listing.filter, &listing.page))
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
    params(ReservationId),
    responses((status = 200, description = "The reservation.", body = ReservationOut)),
    security(("bearer" = ["limits:read"]))
)]
#[get("/v1/reservations/{id}")]
pub async fn find_reservation(
    actor: Actor<ReadChecks>,
    id: web::Path<ReservationId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let missing = || Problem::not_found("reservation");
            let reservation = store::find_reservation(db, *id)?.ok_or_else(missing)?;
            visible(db, &actor, reservation.customer_id)?.ok_or_else(missing)?;
            describe(reservation)
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
    params(ReservationId),
    request_body = CaptureIn,
    responses((status = 201, description = "The reservation as it is now, and its invoice.", body = CaptureOut)),
    security(("bearer" = ["reservations:capture"]))
)]
#[post("/v1/reservations/{id}/capture")]
pub async fn capture_reservation(
    actor: Actor<CaptureReservations>,
    id: web::Path<ReservationId>,
    command: KeyedCommand<CaptureIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
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
    params(ReservationId),
    request_body = ReasonIn,
    responses((status = 200, description = "The reservation as it is now.", body = ReservationOut)),
    security(("bearer" = ["reservations:manage"]))
)]
#[post("/v1/reservations/{id}/release")]
pub async fn release_reservation(
    actor: Actor<ManageReservations>,
    id: web::Path<ReservationId>,
    command: KeyedCommand<ReasonIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let reservation = actions::release(tx, *id, input.reason.as_str())?;
            describe(reservation)
        })
        .await
}

/// Extend a reservation
///
/// Lets it hold until later, within what the policy allows. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "limit-checks",
    params(ReservationId),
    request_body = ExtendIn,
    responses((status = 200, description = "The reservation as it is now.", body = ReservationOut)),
    security(("bearer" = ["reservations:manage"]))
)]
#[post("/v1/reservations/{id}/extend")]
pub async fn extend_reservation(
    actor: Actor<ManageReservations>,
    id: web::Path<ReservationId>,
    command: KeyedCommand<ExtendIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let reservation = actions::extend(tx, *id, input.reserve_until)?;
            describe(reservation)
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
    params(ReservationId),
    request_body = AmendIn,
    responses((status = 200, description = "The decision.", body = LimitCheckOut)),
    security(("bearer" = ["reservations:manage"]))
)]
#[post("/v1/reservations/{id}/amend")]
pub async fn amend_reservation(
    actor: Actor<ManageReservations>,
    language: AcceptLanguage,
    id: web::Path<ReservationId>,
    command: KeyedCommand<AmendIn>,
    desk: web::Data<Desk>,
    executor: web::Data<Executor>,
) -> Outcome {
    let caller = actor.caller();
    let (input, keyed) = command.into_parts(&caller)?;
    let _claim = executor.claim(keyed.id)?;
    let reader = Arc::clone(&caller);
    let reservation = *id;
    let input = executor
        .read(move |db| Ok(actions::to_amend(db, &reader, reservation, &input)?))
        .await?;
    let asked = CheckRequest {
        kind: CheckKind::Amend(reservation),
        caller,
        input,
        keyed: Some(keyed),
        language: language.0,
    };
    let reader = Arc::clone(&asked.caller);
    Ok(super::checks::write(desk.check(asked).await, &reader)?.into_response())
}

/// A reservation as it is answered.
fn describe(reservation: Reservation) -> Result<Answer, Problem> {
    let version = reservation.version;
    Ok(Answer::ok(&ReservationOut::from(reservation))?.version(version))
}
