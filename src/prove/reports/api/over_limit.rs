//! `/v1/reports/over-limit-by-rates`.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, get, web};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use super::{AgingCustomerOut, ReportRateOut};
use crate::book::customers::model::Customer;
use crate::book::customers::store as customers;
use crate::book::exchange_rates::rules::Conversions;
use crate::book::exposure::api::MissingRateOut;
use crate::book::exposure::rules::NodeKind;
use crate::platform::http::auth::ReadReports;
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{Actor, Executor, Listing, Outcome, Problem};
use crate::prove::reports::actions::over_limit;
use crate::prove::reports::input::OverLimitFilter;
use crate::prove::reports::model::{MovedPlace, OverLimit};
use kernel::ids::{CreditAccountId, CustomerId, LegalEntityId};
use kernel::money::{Currency, Money};

/// Report who is over a limit by rates
///
/// Accounts that owe in several currencies or to several companies, and were within a limit by the exchange rates of
/// `since` and are over it by those of today, with the same books and the same limits: both figures, and the rates. An
/// account whose rates are missing today is listed with the pairs (`missing_rates`), since nobody can tell. Orders of these
/// accounts are judged anew by every limit check; nothing happens by this report. In the order in which the accounts were
/// opened. Sales see their own customers.
#[utoipa::path(
    tag = "reports",
    params(Listing<OverLimitFilter>),
    responses((status = 200, description = "One page of accounts.", body = PageOut<OverLimitOut>)),
    security(("bearer" = ["reports:read"]))
)]
#[get("/v1/reports/over-limit-by-rates")]
pub async fn report_over_limit_by_rates(
    actor: Actor<ReadReports>,
    listing: Listing<OverLimitFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let own = actor.sees_only_own().then(|| actor.subject.clone());
    let Listing { filter, page } = listing;
    let question = filter.question(own);
    let page = executor
        .read(move |db| {
            over_limit::check_since(&question, db.today())?;
            let found = page.read(position, |after, count| {
                let after = after.map(|(id, _): (CreditAccountId, CreditAccountId)| id);
                over_limit::list(db, &question, after, count)
            })?;
            found.try_map_all(|rows| {
                let ids: Vec<CustomerId> = rows.iter().map(|(over, _)| over.customer_id).collect();
                let named = customers::list_by_ids(db, &ids)?.into_iter();
                let named: BTreeMap<CustomerId, Customer> =
                    named.map(|customer| (customer.id, customer)).collect();
                let out = rows.into_iter().filter_map(|(over, since)| {
                    let customer = named.get(&over.customer_id)?;
                    Some(OverLimitOut::new(&over, since, customer))
                });
                Ok::<_, Problem>(out.collect())
            })
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Accounts are listed by id.
const fn position((over, _): &(OverLimit, NaiveDate)) -> (&CreditAccountId, &CreditAccountId) {
    (&over.credit_account_id, &over.credit_account_id)
}

/// An account that is over a limit by a movement of rates.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OverLimitByRates, example = json!({
    "credit_account_id": "acc_01k00000000000000000000001",
    "customer": {"id": "cus_01k00000000000000000000001", "number": "C-1001", "name": "Jiangnan Trading Co."},
    "since": "2024-06-28", "currency": "CNY",
    "places": [{
        "kind": "own", "legal_entity_id": null,
        "limit_before": {"amount": "4150000.00", "currency": "CNY"},
        "exposure_before": {"amount": "4117647.67", "currency": "CNY"},
        "limit_now": {"amount": "4150000.00", "currency": "CNY"},
        "exposure_now": {"amount": "4205238.11", "currency": "CNY"},
        "excess": {"amount": "55238.11", "currency": "CNY"}
    }],
    "rates_before": [{"from": "EUR", "to": "CNY", "rate": "7.7748", "rate_date": "2024-06-28", "source": "ECB"}],
    "rates_now": [{"from": "EUR", "to": "CNY", "rate": "8", "rate_date": "2024-06-29", "source": "ECB"}],
    "missing_rates": []
}))]
pub struct OverLimitOut {
    credit_account_id: CreditAccountId,
    customer: AgingCustomerOut,
    /// The day whose rates are compared with today's.
    since: NaiveDate,
    /// The currency of the account's limit.
    currency: Currency,
    /// The limits that are passed; none where that can't be told.
    #[schema(max_items = 1000)]
    places: Vec<OverLimitPlaceOut>,
    #[schema(max_items = 300)]
    rates_before: Vec<ReportRateOut>,
    #[schema(max_items = 300)]
    rates_now: Vec<ReportRateOut>,
    /// The pairs of currencies between which a rate is missing today.
    #[schema(max_items = 300)]
    missing_rates: Vec<MissingRateOut>,
}

/// A limit that was kept by the rates of before and is passed by those of today.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OverLimitPlace)]
pub struct OverLimitPlaceOut {
    /// The account's own limit, what a company grants it, or that of its group.
    kind: NodeKind,
    /// The company whose own limit it is; null for the others.
    legal_entity_id: Option<LegalEntityId>,
    limit_before: Money,
    exposure_before: Money,
    /// With what raises it, which may be in another currency.
    limit_now: Money,
    exposure_now: Money,
    /// By how much the limit is passed.
    excess: Money,
}

impl OverLimitOut {
    fn new(over: &OverLimit, since: NaiveDate, customer: &Customer) -> OverLimitOut {
        let rates = |rates: &Conversions| rates.iter().map(ReportRateOut::from).collect();
        let places = over.places.iter();
        OverLimitOut {
            credit_account_id: over.credit_account_id,
            customer: AgingCustomerOut::from(customer),
            since,
            currency: over.currency,
            places: places
                .map(|place| OverLimitPlaceOut::new(place, over.currency))
                .collect(),
            rates_before: rates(&over.rates.before),
            rates_now: rates(&over.rates.now),
            missing_rates: over
                .missing
                .iter()
                .map(|(from, to)| MissingRateOut {
                    from: *from,
                    to: *to,
                })
                .collect(),
        }
    }
}

impl OverLimitPlaceOut {
    fn new(place: &MovedPlace, currency: Currency) -> OverLimitPlaceOut {
        let money = |minor| Money::from_minor(minor, currency);
        OverLimitPlaceOut {
            kind: place.kind,
            legal_entity_id: place.legal_entity_id,
            limit_before: money(place.limit_before_minor),
            exposure_before: money(place.counted_before_minor),
            limit_now: money(place.limit_now_minor),
            exposure_now: money(place.counted_now_minor),
            excess: money(
                place
                    .counted_now_minor
                    .saturating_sub(place.limit_now_minor),
            ),
        }
    }
}
