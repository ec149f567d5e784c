//! Calendars.

use actix_web::{HttpRequest, get, post, put, web};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use super::shapes::CalendarOut;
use crate::book::payment_terms::actions::{self, PaymentTermsError};
use crate::book::payment_terms::input::{CalendarDaysIn, CalendarIn};
use crate::book::payment_terms::model::CalendarRow;
use crate::book::payment_terms::store;
use crate::platform::http::auth::{EditCalendars, ReadPaymentTerms};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{
    Actor, Answer, Command, Executor, Listing, NoFilter, Outcome, Precondition, Problem, Valid,
};
use kernel::text::Keyword;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_calendars)
        .service(find_calendar)
        .service(put_calendar)
        .service(add_calendar_days);
}

/// Which calendar, in a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OfCalendar {
    /// The calendar's code.
    code: Keyword,
}

/// List calendars
///
/// By code.
#[utoipa::path(
    tag = "payment-terms",
    params(Listing<NoFilter>),
    responses((status = 200, description = "One page of calendars.", body = PageOut<CalendarOut>)),
    security(("bearer" = ["payment-terms:read"]))
)]
#[get("/v1/calendars")]
pub async fn list_calendars(
    _: Actor<ReadPaymentTerms>,
    listing: Listing<NoFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let page = store::list_calendars(db, &listing.page)?;
            Ok(page.try_map(CalendarOut::read)?)
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Read a calendar
///
/// Its days off: those of every week, and those of a year by date with their names.
#[utoipa::path(
    tag = "payment-terms",
    params(OfCalendar),
    responses((status = 200, description = "The calendar.", body = CalendarOut)),
    security(("bearer" = ["payment-terms:read"]))
)]
#[get("/v1/calendars/{code}")]
pub async fn find_calendar(
    _: Actor<ReadPaymentTerms>,
    of: web::Path<OfCalendar>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let found = store::find_calendar(db, &of.code)?;
            answer(found.ok_or(PaymentTermsError::Missing("calendar"))?)
        })
        .await?;
    Ok(answer.into_response())
}

/// Put a calendar
///
/// Which days of the week and which days of the year are not worked, whole: a new one with `If-None-Match: *`, or one anew
/// with the `If-Match` that was read. It holds for what is posted from now on.
#[utoipa::path(
    tag = "payment-terms",
    params(OfCalendar, Precondition),
    request_body = CalendarIn,
    responses((status = 200, description = "The calendar as it is now.", body = CalendarOut)),
    security(("bearer" = ["calendars:edit"]))
)]
#[put("/v1/calendars/{code}")]
pub async fn put_calendar(
    actor: Actor<EditCalendars>,
    of: web::Path<OfCalendar>,
    precondition: Precondition,
    input: Valid<CalendarIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .write(&actor, move |tx| {
            answer(actions::put_calendar(tx, &of.code, precondition, &input.0)?)
        })
        .await
}

/// Add days to a calendar
///
/// Such as the holidays of next year. A day that the calendar has already is as it is said here, so that the same list
/// twice changes nothing, and no `If-Match` is needed.
#[utoipa::path(
    tag = "payment-terms",
    params(OfCalendar),
    request_body = CalendarDaysIn,
    responses((status = 200, description = "The calendar as it is now.", body = CalendarOut)),
    security(("bearer" = ["calendars:edit"]))
)]
#[post("/v1/calendars/{code}/days")]
pub async fn add_calendar_days(
    actor: Actor<EditCalendars>,
    of: web::Path<OfCalendar>,
    command: Command<CalendarDaysIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            answer(actions::add_days(tx, &of.code, input)?)
        })
        .await
}

fn answer(row: CalendarRow) -> Result<Answer, Problem> {
    let version = row.version;
    Ok(Answer::ok(&CalendarOut::read(row)?)?.version(version))
}
