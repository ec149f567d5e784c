//! `/v1/exchange-rates`.

use actix_web::{HttpRequest, get, post, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::ExchangeRateError;
use super::model::ExchangeRate;
use super::rules::{Conversion, Leg};
use super::{actions, store};
use crate::book::exchange_rates::input::{ExchangeRateFilter, ExchangeRateIn};
use crate::platform::http::auth::{ReadExchangeRates, SetExchangeRates};
use crate::platform::http::page::{CursorKey, PageOut, Query};
use crate::platform::http::{Actor, Answer, Code, Command, Executor, Listing, Outcome, Problem};
use kernel::clock::{Day, Instant};
use kernel::ids::ExchangeRateId;
use kernel::money::Currency;
use kernel::rates::Rate;
use kernel::text::{Source, Subject};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_exchange_rates)
        .service(set_exchange_rate)
        .service(quote_exchange_rate)
        .service(find_exchange_rate);
}

/// List exchange rates
///
/// Every rate that was ever set: those of the newest day first, and of one day those set last, which are the ones that
/// hold.
#[utoipa::path(
    tag = "exchange-rates",
    params(Listing<ExchangeRateFilter>),
    responses((status = 200, description = "One page of exchange rates.", body = PageOut<ExchangeRateOut>)),
    security(("bearer" = ["exchange-rates:read"]))
)]
#[get("/v1/exchange-rates")]
pub async fn list_exchange_rates(
    _: Actor<ReadExchangeRates>,
    listing: Listing<ExchangeRateFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| store::list(db, &listing.filter, &listing.page))
        .await?;
    Ok(page
        .map(ExchangeRateOut::from)
        .into_response(&request, &cursors))
}

/// Set an exchange rate
///
/// It holds from its day until the next rate of the same pair. Nothing is ever overwritten: to correct a rate, set the
/// right one for the same pair and day; the one set last holds.
#[utoipa::path(
    tag = "exchange-rates",
    request_body = ExchangeRateIn,
    responses((status = 201, description = "The exchange rate.", body = ExchangeRateOut)),
    security(("bearer" = ["exchange-rates:set"]))
)]
#[post("/v1/exchange-rates")]
pub async fn set_exchange_rate(
    actor: Actor<SetExchangeRates>,
    command: Command<ExchangeRateIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, |tx, input| {
            let rate = actions::set(tx, &input.new_rate())?;
            let location = format!("/v1/exchange-rates/{}", rate.id);
            Answer::created(&ExchangeRateOut::from(rate), location)
        })
        .await
}

/// Quote an exchange rate
///
/// How money is converted from one currency to another on a day, with the rates that this takes (`legs`): the latest of
/// the pair itself, else of the pair turned round (`inverse`), else a cross through one third currency, by whichever
/// has the newest rates. Where none leads from the one to the other there is no rate (`no_exchange_rate`): nothing is
/// ever converted 1:1.
#[utoipa::path(
    tag = "exchange-rates",
    params(QuoteQuery),
    responses((status = 200, description = "The rate that is used.", body = ConversionOut)),
    security(("bearer" = ["exchange-rates:read"]))
)]
#[get("/v1/exchange-rates/quote")]
pub async fn quote_exchange_rate(
    _: Actor<ReadExchangeRates>,
    query: Query<QuoteQuery>,
    executor: web::Data<Executor>,
) -> Outcome {
    let Query(QuoteQuery { from, to, on }) = query;
    let answer = executor
        .read(move |db| {
            let on = on.map_or_else(|| db.today(), Day::date);
            let conversion = actions::quote(db, from, to, on)?;
            Answer::ok(&ConversionOut::new(conversion, on))
        })
        .await?;
    Ok(answer.into_response())
}

/// Read an exchange rate
///
/// Any that was ever set, also one that was corrected since.
#[utoipa::path(
    tag = "exchange-rates",
    params(ExchangeRateId),
    responses((status = 200, description = "The exchange rate.", body = ExchangeRateOut)),
    security(("bearer" = ["exchange-rates:read"]))
)]
#[get("/v1/exchange-rates/{id}")]
pub async fn find_exchange_rate(
    _: Actor<ReadExchangeRates>,
    id: web::Path<ExchangeRateId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let rate = store::find(db, *id)?.ok_or(ExchangeRateError::Missing)?;
            Answer::ok(&ExchangeRateOut::from(rate))
        })
        .await?;
    Ok(answer.into_response())
}

/// A rate that was set: one unit of the base currency is `rate` units of the quote currency.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExchangeRate, example = json!({
    "id": "fxr_01k00000000000000000000001", "base_currency": "EUR", "quote_currency": "CNY", "rate": "7.7748",
    "rate_date": "2024-06-28", "source": "ECB", "set_by": "u-31", "set_at": "2024-06-28T15:05:00.000000Z"
}))]
pub struct ExchangeRateOut {
    id: ExchangeRateId,
    base_currency: Currency,
    quote_currency: Currency,
    /// As it was written.
    rate: Rate,
    /// The day from which it holds.
    rate_date: NaiveDate,
    /// Who published it.
    source: Source,
    set_by: Subject,
    set_at: Instant,
}

impl From<ExchangeRate> for ExchangeRateOut {
    fn from(row: ExchangeRate) -> ExchangeRateOut {
        ExchangeRateOut {
            id: row.id,
            base_currency: row.base_currency,
            quote_currency: row.quote_currency,
            rate: row.rate,
            rate_date: row.rate_date,
            source: row.source,
            set_by: row.set_by,
            set_at: row.set_at,
        }
    }
}

/// How money is converted from one currency to another.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Conversion, example = json!({
    "from": "USD", "to": "CNY", "on": "2024-06-30", "rate": "7.26277440448", "rate_date": "2024-06-28", "source": "ECB",
    "legs": [
        {"exchange_rate_id": "fxr_01k00000000000000000000002", "base_currency": "EUR", "quote_currency": "USD",
            "rate": "1.0705", "inverse": true, "rate_date": "2024-06-28", "source": "ECB"},
        {"exchange_rate_id": "fxr_01k00000000000000000000001", "base_currency": "EUR", "quote_currency": "CNY",
            "rate": "7.7748", "inverse": false, "rate_date": "2024-06-28", "source": "ECB"}
    ]
}))]
pub struct ConversionOut {
    from: Currency,
    to: Currency,
    /// The day that was asked for.
    on: NaiveDate,
    /// One unit of `from` in units of `to`. An inverse or a cross is written with 12 significant digits; money is
    /// converted by the exact rates of the legs.
    #[schema(max_length = 40, pattern = r"^(0|[1-9][0-9]*)(\.[0-9]+)?$")]
    rate: String,
    /// The day of the rate, of the older one when there are two; `on` when both currencies are the same.
    rate_date: NaiveDate,
    /// Who published it, each once; `identity` when both currencies are the same.
    #[schema(max_length = 130)]
    source: String,
    /// The rates that lead from `from` to `to`: one, or two for a cross, or none when both currencies are the same.
    #[schema(max_items = 2)]
    legs: Vec<ConversionLegOut>,
}

/// One rate on the way of a conversion.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConversionLeg)]
pub struct ConversionLegOut {
    exchange_rate_id: ExchangeRateId,
    base_currency: Currency,
    quote_currency: Currency,
    rate: Rate,
    /// Whether it is used from the quote currency to the base currency: divided by.
    inverse: bool,
    rate_date: NaiveDate,
    source: Source,
}

impl ConversionOut {
    fn new(conversion: Conversion, on: NaiveDate) -> ConversionOut {
        ConversionOut {
            from: conversion.from,
            to: conversion.to,
            on,
            rate: conversion.rate.to_string(),
            rate_date: conversion.rate_date,
            source: conversion.source,
            legs: conversion
                .legs
                .into_iter()
                .map(ConversionLegOut::from)
                .collect(),
        }
    }
}

impl From<Leg> for ConversionLegOut {
    fn from(leg: Leg) -> ConversionLegOut {
        let rate = leg.exchange_rate;
        ConversionLegOut {
            exchange_rate_id: rate.id,
            base_currency: rate.base_currency,
            quote_currency: rate.quote_currency,
            rate: rate.rate,
            inverse: leg.inverse,
            rate_date: rate.rate_date,
            source: rate.source,
        }
    }
}

/// Between which currencies, and on which day.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct QuoteQuery {
    /// The currency that money is in.
    pub from: Currency,
    /// The currency that it is converted into.
    pub to: Currency,
    /// The day of the conversion; today when not given.
    pub on: Option<Day>,
}

impl From<ExchangeRateError> for Problem {
    fn from(error: ExchangeRateError) -> Problem {
        match error {
            ExchangeRateError::Missing => Problem::not_found("exchange rate"),
            ExchangeRateError::InFuture(why) => Problem::invalid("/rate_date", "in_future", why),
            ExchangeRateError::NoRate { from, to, on } => Problem::new(Code::NoExchangeRate)
                .with("from", from)
                .with("to", to)
                .with("on", on),
            ExchangeRateError::Db(error) => error.into(),
        }
    }
}
