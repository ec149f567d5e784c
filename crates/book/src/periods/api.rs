//! `/v1/periods`.

use actix_web::{HttpRequest, get, post, put, web};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::{self, PeriodClosed, PeriodError};
use super::input::{PeriodFilter, PeriodsIn};
use super::model::{Period, PeriodStatus, PeriodViolation};
use super::rules::PeriodFault;
use super::store;
use crate::book::entities::actions as entities;
use crate::book::entities::model::EntityRef;
use crate::platform::http::auth::{ClosePeriods, ReadPeriods, StatePeriods};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{
    Actor, Answer, Code, Executor, IfMatch, KeyedCommand, Listing, NoFilter, Outcome, Problem,
    ReasonIn, Valid,
};
use kernel::clock::Instant;
use kernel::ids::{LegalEntityId, PeriodId, PeriodViolationId};
use kernel::text::{Keyword, Subject};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_periods)
        .service(put_periods)
        .service(find_period)
        .service(close_period)
        .service(list_period_violations);
}

/// List periods
///
/// The latest first. A day that lies in none is open, and a book without periods for every day.
#[utoipa::path(
    tag = "periods",
    params(Listing<PeriodFilter>),
    responses((status = 200, description = "One page of periods.", body = PageOut<PeriodOut>)),
    security(("bearer" = ["periods:read"]))
)]
#[get("/v1/periods")]
pub async fn list_periods(
    _: Actor<ReadPeriods>,
    listing: Listing<PeriodFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let Listing { filter, page } = listing;
            let named: Vec<&EntityRef> = filter.legal_entity.iter().collect();
            let wanted = if named.is_empty() {
                None
            } else {
                let known = entities::Entities::read(db, named.iter().copied().map(Some))?;
                let found = named.iter().filter_map(|one| known.find(Some(*one)).ok());
                Some(found.collect::<Vec<LegalEntityId>>())
            };
            store::list(db, &filter, wanted.as_deref(), &page)
        })
        .await?;
    Ok(page.map(PeriodOut::from).into_response(&request, &cursors))
}

/// State periods
///
/// How a legal entity's general ledger has them: those that are named are so from now on, the others stay. The same list
/// twice changes nothing, so that no `If-Match` is needed. Of an entity whose receivables are kept here (`ledger`) no day of
/// a closed period is opened so: propose it by a change request of the kind `period_reopening`.
#[utoipa::path(
    tag = "periods",
    request_body = PeriodsIn,
    responses((status = 200, description = "The periods that were named, as they are now.", body = PeriodsOut)),
    security(("bearer" = ["periods:state"]))
)]
#[put("/v1/periods")]
pub async fn put_periods(
    actor: Actor<StatePeriods>,
    input: Valid<PeriodsIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .write(&actor, move |tx| {
            let periods = actions::take_over(tx, &input.0)?;
            Answer::ok(&PeriodsOut {
                periods: periods.into_iter().map(PeriodOut::from).collect(),
            })
        })
        .await
}

/// Read a period
///
/// Its days, and whether something may be posted into them.
#[utoipa::path(
    tag = "periods",
    params(PeriodId),
    responses((status = 200, description = "The period.", body = PeriodOut)),
    security(("bearer" = ["periods:read"]))
)]
#[get("/v1/periods/{id}")]
pub async fn find_period(
    _: Actor<ReadPeriods>,
    id: web::Path<PeriodId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| answer(store::find(db, *id)?.ok_or(PeriodError::Missing)?))
        .await?;
    Ok(answer.into_response())
}

/// Close a period
///
/// From now on nothing is posted into it where the receivables are kept here (`ledger`); where netterms follows another
/// ledger (`mirror`) what is posted is recorded and flagged. It is opened again by a change request. An `Idempotency-Key` is
/// required.
#[utoipa::path(
    tag = "periods",
    params(PeriodId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The period as it is now.", body = PeriodOut)),
    security(("bearer" = ["periods:close"]))
)]
#[post("/v1/periods/{id}/close")]
pub async fn close_period(
    actor: Actor<ClosePeriods>,
    id: web::Path<PeriodId>,
    version: IfMatch,
    command: KeyedCommand<ReasonIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            answer(actions::close(tx, *id, version.0, &input.reason)?)
        })
        .await
}

/// List the violations of a period
///
/// What was recorded in it while it was closed, because it had happened elsewhere: the newest first.
#[utoipa::path(
    tag = "periods",
    params(PeriodId, Listing<NoFilter>),
    responses((status = 200, description = "One page of violations.", body = PageOut<PeriodViolationOut>)),
    security(("bearer" = ["periods:read"]))
)]
#[get("/v1/periods/{id}/violations")]
pub async fn list_period_violations(
    _: Actor<ReadPeriods>,
    id: web::Path<PeriodId>,
    listing: Listing<NoFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            store::find(db, *id)?.ok_or(PeriodError::Missing)?;
            store::list_violations(db, *id, &listing.page)
        })
        .await?;
    Ok(page
        .map(PeriodViolationOut::from)
        .into_response(&request, &cursors))
}

fn answer(period: Period) -> Result<Answer, Problem> {
    let version = period.version;
    Ok(Answer::ok(&PeriodOut::from(period))?.version(version))
}

/// Some days of a legal entity's books.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Period, example = json!({
    "id": "per_01k00000000000000000000001", "legal_entity_id": "ent_01k00000000000000000000001", "code": "2026-03",
    "first_day": "2026-03-01", "last_day": "2026-03-31", "status": "closed", "changed_by": "u-31",
    "changed_at": "2026-04-03T08:00:00.000000Z"
}))]
pub struct PeriodOut {
    id: PeriodId,
    legal_entity_id: LegalEntityId,
    code: Keyword,
    first_day: NaiveDate,
    last_day: NaiveDate,
    status: PeriodStatus,
    changed_by: Subject,
    changed_at: Instant,
}

impl From<Period> for PeriodOut {
    fn from(period: Period) -> PeriodOut {
        PeriodOut {
            id: period.id,
            legal_entity_id: period.legal_entity_id,
            code: period.code,
            first_day: period.first_day,
            last_day: period.last_day,
            status: period.status,
            changed_by: period.changed_by,
            changed_at: period.changed_at,
        }
    }
}

/// Periods as they are now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Periods, example = json!({"periods": []}))]
pub struct PeriodsOut {
    #[schema(max_items = 200)]
    periods: Vec<PeriodOut>,
}

/// What was recorded in a closed period.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PeriodViolation, example = json!({
    "id": "pvi_01k00000000000000000000001", "period_id": "per_01k00000000000000000000001",
    "document_id": "inv_01k00000000000000000000001", "day": "2026-03-31", "created_by": "erp",
    "created_at": "2026-04-05T08:00:00.000000Z"
}))]
pub struct PeriodViolationOut {
    id: PeriodViolationId,
    period_id: PeriodId,
    /// The document that it came with, by its id.
    #[schema(max_length = 64)]
    document_id: String,
    /// The day that lies in the period.
    day: NaiveDate,
    created_by: Subject,
    created_at: Instant,
}

impl From<PeriodViolation> for PeriodViolationOut {
    fn from(violation: PeriodViolation) -> PeriodViolationOut {
        PeriodViolationOut {
            id: violation.id,
            period_id: violation.period_id,
            document_id: violation.document_id,
            day: violation.day,
            created_by: violation.created_by,
            created_at: violation.created_at,
        }
    }
}

impl From<PeriodClosed> for Problem {
    fn from(closed: PeriodClosed) -> Problem {
        Problem::new(Code::PeriodClosed)
            .with("period", closed.period)
            .with("day", closed.day)
            .with("first_open", closed.first_open)
    }
}

impl From<PeriodError> for Problem {
    fn from(error: PeriodError) -> Problem {
        let text = error.to_string();
        match error {
            PeriodError::Missing => Problem::not_found("period"),
            PeriodError::Repeated { index } => {
                Problem::invalid(format!("/periods/{index}/code"), "repeated", text)
            }
            PeriodError::Faulty(wrong) => {
                let invalid = Problem::new(Code::Invalid);
                wrong.into_iter().fold(invalid, |problem, (index, fault)| {
                    let (member, code) = match fault {
                        PeriodFault::Backwards => ("last_day", "backwards"),
                        PeriodFault::Overlaps(_) => ("first_day", "overlaps"),
                    };
                    problem.at(format!("/periods/{index}/{member}"), code, fault)
                })
            }
            PeriodError::Is(status) => {
                let allowed: &[&str] = match status {
                    PeriodStatus::Open => &["close"],
                    PeriodStatus::Closed => &["reopen"],
                };
                Problem::state("period", status, allowed)
            }
            PeriodError::KeptHere { index } => {
                Problem::invalid(format!("/periods/{index}/status"), "reopening", text)
            }
            PeriodError::Stale => Problem::new(Code::Stale),
            PeriodError::Entity(error) => error.into(),
            PeriodError::Db(error) => error.into(),
        }
    }
}
