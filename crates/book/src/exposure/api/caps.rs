//! `/v1/portfolio-caps`.

use crate::book::exposure::input::{PortfolioCapFilter, PortfolioCapIn, PortfolioCapPatch};
use std::collections::{BTreeMap, BTreeSet};

use actix_web::{HttpRequest, get, patch, post, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::ExposureOut;
use crate::book::exchange_rates::actions as exchange_rates;
use crate::book::exchange_rates::rules::{Conversions, RateTable};
use crate::book::exposure::actions::caps::{self, CapError};
use crate::book::exposure::model::{Exposure, PortfolioCap, PortfolioKind};
use crate::book::exposure::rules;
use crate::book::exposure::store::portfolios as store;
use crate::book::policy::actions as policies;
use crate::book::policy::model::PolicyDocument;
use crate::platform::db::{Db, DbError};
use crate::platform::http::auth::{ReadPortfolioCaps, SetPortfolioCaps};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{
    Actor, Answer, Code, Command, Executor, IfMatch, Listing, Outcome, Problem, ReasonIn, Valid,
};
use kernel::clock::Instant;
use kernel::ids::PortfolioCapId;
use kernel::money::{Currency, Money};
use kernel::text::Line;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(set_portfolio_cap)
        .service(list_portfolio_caps)
        .service(find_portfolio_cap)
        .service(change_portfolio_cap)
        .service(remove_portfolio_cap);
}

/// Set up a portfolio cap
///
/// The most that accounts which have something in common may owe together: a credit segment, a salesperson's customers,
/// a country, an industry, the whole book, or, of an acceptor, what the instruments come to that it must pay. It counts from this moment on, with all that is owed already. What is owed
/// in another currency is converted by the exchange rates of the day of each check.
#[utoipa::path(
    tag = "portfolio-caps",
    request_body = PortfolioCapIn,
    responses((status = 201, description = "The cap.", body = PortfolioCapOut)),
    security(("bearer" = ["portfolio-caps:set"]))
)]
#[post("/v1/portfolio-caps")]
pub async fn set_portfolio_cap(
    actor: Actor<SetPortfolioCaps>,
    command: Command<PortfolioCapIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, |tx, input| {
            let key = input.key.as_ref().map_or("", Line::as_str);
            let reason = input.reason.as_str();
            let cap = caps::create(tx, input.kind, key, input.limit.money(), reason)?;
            let location = format!("/v1/portfolio-caps/{}", cap.id);
            let version = cap.version;
            Ok(Answer::created(&describe(tx, cap)?, location)?.version(version))
        })
        .await
}

/// List portfolio caps
///
/// Each with what is owed under it now, and what it leaves; the oldest first.
#[utoipa::path(
    tag = "portfolio-caps",
    params(Listing<PortfolioCapFilter>),
    responses((status = 200, description = "One page of caps.", body = PageOut<PortfolioCapOut>)),
    security(("bearer" = ["portfolio-caps:read"]))
)]
#[get("/v1/portfolio-caps")]
pub async fn list_portfolio_caps(
    _: Actor<ReadPortfolioCaps>,
    listing: Listing<PortfolioCapFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let page = store::list(db, &listing.filter, &listing.page)?;
            Ok(page.try_map_all(|caps| describe_all(db, caps))?)
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Read a portfolio cap
///
/// Its limit, what is owed under it now by currency, and what it leaves. What is owed is not part of the ETag.
#[utoipa::path(
    tag = "portfolio-caps",
    params(PortfolioCapId),
    responses((status = 200, description = "The cap.", body = PortfolioCapOut)),
    security(("bearer" = ["portfolio-caps:read"]))
)]
#[get("/v1/portfolio-caps/{id}")]
pub async fn find_portfolio_cap(
    _: Actor<ReadPortfolioCaps>,
    id: web::Path<PortfolioCapId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let cap = store::find(db, *id)?.ok_or(CapError::Missing)?;
            let version = cap.version;
            Ok(Answer::ok(&describe(db, cap)?)?.version(version))
        })
        .await?;
    Ok(answer.into_response())
}

/// Change the limit of a portfolio cap
///
/// In any currency, also below what is owed.
#[utoipa::path(
    tag = "portfolio-caps",
    params(PortfolioCapId, IfMatch),
    request_body = PortfolioCapPatch,
    responses((status = 200, description = "The cap as it is now.", body = PortfolioCapOut)),
    security(("bearer" = ["portfolio-caps:set"]))
)]
#[patch("/v1/portfolio-caps/{id}")]
pub async fn change_portfolio_cap(
    actor: Actor<SetPortfolioCaps>,
    id: web::Path<PortfolioCapId>,
    version: IfMatch,
    patch: Valid<PortfolioCapPatch>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .write(&actor, move |tx| {
            let limit = patch.0.limit.money();
            let cap = caps::change(tx, *id, version.0, limit, patch.0.reason.as_str())?;
            let version = cap.version;
            Ok(Answer::ok(&describe(tx, cap)?)?.version(version))
        })
        .await
}

/// Remove a portfolio cap
///
/// Nothing is bounded by it any more; the trail keeps what it was. The answer is the cap as it was last.
#[utoipa::path(
    tag = "portfolio-caps",
    params(PortfolioCapId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The cap as it was.", body = PortfolioCapOut)),
    security(("bearer" = ["portfolio-caps:set"]))
)]
#[post("/v1/portfolio-caps/{id}/remove")]
pub async fn remove_portfolio_cap(
    actor: Actor<SetPortfolioCaps>,
    id: web::Path<PortfolioCapId>,
    version: IfMatch,
    command: Command<ReasonIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let cap = store::find(tx, *id)?.ok_or(CapError::Missing)?;
            let last = describe(tx, cap)?;
            caps::remove(tx, *id, version.0, input.reason.as_str())?;
            Ok(Answer::ok(&last)?.version(version.0))
        })
        .await
}

/// The most that accounts which have something in common may owe together.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PortfolioCap, example = json!({
    "id": "cap_01k00000000000000000000001", "kind": "country", "key": "CN",
    "limit": {"amount": "5000000.00", "currency": "CNY"}, "exposure": {"amount": "390000.00", "currency": "CNY"},
    "headroom": {"amount": "4610000.00", "currency": "CNY"},
    "by_currency": [{"total": {"amount": "390000.00", "currency": "CNY"}, "by_category": {
        "reservations": {"amount": "80000.00", "currency": "CNY"},
        "delivered_not_billed": {"amount": "40000.00", "currency": "CNY"},
        "receivables": {"amount": "300000.00", "currency": "CNY"},
        "instruments": {"amount": "0.00", "currency": "CNY"},
        "claimed_charges": {"amount": "0.00", "currency": "CNY"},
        "unapplied_cash": {"amount": "30000.00", "currency": "CNY"}}}],
    "reason": "Board of 31 March: no more than a third of the book in one country.", "set_by": "u-31",
    "set_at": "2026-03-31T08:00:00.000000Z"
}))]
pub struct PortfolioCapOut {
    id: PortfolioCapId,
    kind: PortfolioKind,
    /// Null for the company.
    #[schema(max_length = 200)]
    key: Option<String>,
    limit: Money,
    /// What counts of all that is owed under it, in the limit's currency at today's exchange rates, rounded up, no currency
    /// for less than nothing; null
    /// when a rate is missing, with which every check that the cap bounds is rejected.
    exposure: Option<Money>,
    /// What the limit leaves; negative when more is owed, null when a rate is missing.
    headroom: Option<Money>,
    /// What is owed, in the currencies in which it is.
    #[schema(max_items = 200)]
    by_currency: Vec<ExposureOut>,
    #[schema(max_length = 2000)]
    reason: String,
    #[schema(max_length = 128)]
    set_by: String,
    set_at: Instant,
}

impl PortfolioCapOut {
    fn new(
        cap: PortfolioCap,
        owed: &BTreeMap<Currency, Exposure>,
        policy: &PolicyDocument,
        rates: &RateTable,
    ) -> PortfolioCapOut {
        let money = |minor| Money::from_minor(minor, cap.currency);
        let mut known = Conversions::default();
        for currency in owed.keys() {
            known.look_up(*currency, cap.currency, rates);
        }
        let exposure = rules::cap_node(&cap, owed, cap.currency)
            .counted_in_all(cap.currency, policy, &known)
            .ok();
        PortfolioCapOut {
            id: cap.id,
            kind: cap.kind,
            limit: money(cap.limit_minor),
            exposure: exposure.map(money),
            headroom: exposure.map(|exposure| money(cap.limit_minor.saturating_sub(exposure))),
            by_currency: owed
                .iter()
                .map(|(currency, exposure)| {
                    let included = rules::included(*exposure, policy);
                    ExposureOut::new(*exposure, included, *currency)
                })
                .collect(),
            key: (!cap.key.is_empty()).then_some(cap.key),
            reason: cap.reason,
            set_by: cap.set_by.into(),
            set_at: cap.set_at,
        }
    }
}

fn describe(db: &mut Db, cap: PortfolioCap) -> Result<PortfolioCapOut, DbError> {
    let mut described = describe_all(db, vec![cap])?;
    described
        .pop()
        .ok_or_else(|| DbError::Document("a cap that is none".to_owned()))
}

fn describe_all(db: &mut Db, caps: Vec<PortfolioCap>) -> Result<Vec<PortfolioCapOut>, DbError> {
    let policy = policies::live(db)?;
    let ids: Vec<PortfolioCapId> = caps.iter().map(|cap| cap.id).collect();
    let mut owed: BTreeMap<PortfolioCapId, BTreeMap<Currency, Exposure>> = BTreeMap::new();
    let mut currencies: BTreeSet<Currency> = caps.iter().map(|cap| cap.currency).collect();
    for row in store::list_exposures(db, &ids)? {
        currencies.insert(row.currency);
        let of_cap = owed.entry(row.cap_id).or_default();
        of_cap.insert(row.currency, row.exposure);
    }
    let today = db.today();
    let currencies: Vec<Currency> = currencies.into_iter().collect();
    let rates = exchange_rates::latest(db, &currencies, today)?;
    Ok(caps
        .into_iter()
        .map(|cap| {
            let owed = owed.remove(&cap.id).unwrap_or_default();
            PortfolioCapOut::new(cap, &owed, &policy.document, &rates)
        })
        .collect())
}

impl From<CapError> for Problem {
    fn from(error: CapError) -> Problem {
        match error {
            CapError::Missing => Problem::not_found("portfolio cap"),
            CapError::Exists { kind, key } => Problem::new(Code::DuplicateNumber)
                .with("thing", "portfolio cap")
                .with("number", format!("{kind} {key}").trim()),
            CapError::Stale => Problem::new(Code::Stale),
            CapError::Db(error) => error.into(),
        }
    }
}
