//! `/v1/dunning-cases`.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, get, post, web};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::book::customers::store as customers;
use crate::collect::dunning::actions::DunningError;
use crate::collect::dunning::input::{CaseFilter, ClosingIn, EscalationIn};
use crate::collect::dunning::model::{Case, CaseStatus, Escalation};
use crate::collect::dunning::{actions, store};
use crate::platform::db::{Db, DbError};
use crate::platform::http::auth::{EscalateDunning, ReadDunning, RunDunning};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{
    Actor, Answer, Command, Executor, IfMatch, KeyedCommand, Listing, Nothing, Outcome, Problem,
    ReasonIn,
};
use kernel::clock::Instant;
use kernel::ids::{CreditAccountId, CustomerId, DunningCaseId, DunningNoticeId, LegalEntityId};
use kernel::money::Currency;
use kernel::text::{Line, Note, Number, Subject};

/// List dunning cases
///
/// Those whose customers you may see, the newest first. A case is what one customer owes one company in one currency, from
/// the first notice on until nothing of it is overdue. `status=escalation_due` are those whose last level's time is over.
#[utoipa::path(
    tag = "dunning",
    params(Listing<CaseFilter>),
    responses((status = 200, description = "One page of cases.", body = PageOut<CaseOut>)),
    security(("bearer" = ["dunning:read"]))
)]
#[get("/v1/dunning-cases")]
pub async fn list_dunning_cases(
    actor: Actor<ReadDunning>,
    listing: Listing<CaseFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let page = store::list_cases(db, &actor, &listing.filter, &listing.page)?;
            Ok(page.try_map_all(|cases| describe(db, cases))?)
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Read a dunning case
///
/// With where it stands, at which level, and where it is proposed to go.
#[utoipa::path(
    tag = "dunning",
    params(DunningCaseId),
    responses((status = 200, description = "The case.", body = CaseOut)),
    security(("bearer" = ["dunning:read"]))
)]
#[get("/v1/dunning-cases/{id}")]
pub async fn find_dunning_case(
    actor: Actor<ReadDunning>,
    id: web::Path<DunningCaseId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answered = executor
        .read(move |db| {
            let found = store::find_case_visible(db, &actor, *id)?;
            answer(db, found.ok_or(DunningError::Missing("dunning case"))?)
        })
        .await?;
    Ok(answered.into_response())
}

/// Propose where a dunning case goes
///
/// After the last level, or before: to an agency, to court, or to be written off. Finance decides.
#[utoipa::path(
    tag = "dunning",
    params(DunningCaseId, IfMatch),
    request_body = EscalationIn,
    responses((status = 200, description = "The case as it is now.", body = CaseOut)),
    security(("bearer" = ["dunning:run"]))
)]
#[post("/v1/dunning-cases/{id}/propose-escalation")]
pub async fn propose_dunning_escalation(
    actor: Actor<RunDunning>,
    id: web::Path<DunningCaseId>,
    version: IfMatch,
    command: Command<EscalationIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let case = actions::propose_escalation(tx, *id, version.0, input)?;
            answer(tx, case)
        })
        .await
}

/// Approve where a dunning case goes
///
/// By another person than proposed it. From then on no notices are written about it: what others pursue is left out of
/// runs as `escalated`. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "dunning",
    params(DunningCaseId, IfMatch),
    request_body = Nothing,
    responses((status = 200, description = "The case as it is now.", body = CaseOut)),
    security(("bearer" = ["dunning:escalate"]))
)]
#[post("/v1/dunning-cases/{id}/approve-escalation")]
pub async fn approve_dunning_escalation(
    actor: Actor<EscalateDunning>,
    id: web::Path<DunningCaseId>,
    version: IfMatch,
    command: KeyedCommand<Nothing>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, _| {
            let case = actions::approve_escalation(tx, *id, version.0)?;
            answer(tx, case)
        })
        .await
}

/// Refuse where a dunning case was proposed to go
///
/// It is open again.
#[utoipa::path(
    tag = "dunning",
    params(DunningCaseId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The case as it is now.", body = CaseOut)),
    security(("bearer" = ["dunning:escalate"]))
)]
#[post("/v1/dunning-cases/{id}/refuse-escalation")]
pub async fn refuse_dunning_escalation(
    actor: Actor<EscalateDunning>,
    id: web::Path<DunningCaseId>,
    version: IfMatch,
    command: Command<ReasonIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let case = actions::refuse_escalation(tx, *id, version.0, &input.reason)?;
            answer(tx, case)
        })
        .await
}

/// Close a dunning case
///
/// By hand, with a reason; a case of which nothing is overdue any more is closed by itself. It keeps no notices away: what
/// is left open and is not to be dunned gets a dunning block.
#[utoipa::path(
    tag = "dunning",
    params(DunningCaseId, IfMatch),
    request_body = ClosingIn,
    responses((status = 200, description = "The case as it is now.", body = CaseOut)),
    security(("bearer" = ["dunning:run"]))
)]
#[post("/v1/dunning-cases/{id}/close")]
pub async fn close_dunning_case(
    actor: Actor<RunDunning>,
    id: web::Path<DunningCaseId>,
    version: IfMatch,
    command: Command<ClosingIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let case = actions::close_case(tx, *id, version.0, input)?;
            answer(tx, case)
        })
        .await
}

fn answer(db: &mut Db, case: Case) -> Result<Answer, Problem> {
    let version = case.version;
    let described = describe(db, vec![case])?.pop();
    let described = described.ok_or(DunningError::Incomplete("customer"))?;
    Ok(Answer::ok(&described)?.version(version))
}

/// Cases as the contract shows them, with their customers.
fn describe(db: &mut Db, cases: Vec<Case>) -> Result<Vec<CaseOut>, DbError> {
    let owners: Vec<CustomerId> = cases.iter().map(|case| case.customer_id).collect();
    let owners: BTreeMap<CustomerId, (Number, Line)> = customers::list_by_ids(db, &owners)?
        .into_iter()
        .map(|customer| (customer.id, (customer.number, customer.name)))
        .collect();
    Ok(cases
        .into_iter()
        .filter_map(|case| {
            let (number, name) = owners.get(&case.customer_id)?.clone();
            Some(CaseOut::new(case, number, name))
        })
        .collect())
}

/// What is pursued of a customer together.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DunningCase, example = json!({
    "id": "dca_01k00000000000000000000001", "customer_id": "cus_01k00000000000000000000001", "customer_number": "C-1001",
    "customer_name": "Jiangnan Trading Co.", "account_id": "acc_01k00000000000000000000001",
    "legal_entity_id": "ent_01k00000000000000000000001", "currency": "CNY", "status": "escalation_due", "level": 4,
    "opened_on": "2026-02-02", "last_notice_id": "dno_01k00000000000000000000001", "last_notice_on": "2026-03-31",
    "escalation_due_on": "2026-04-14", "escalation": null, "proposed_by": null, "proposed_at": null,
    "decided_by": null, "decided_at": null, "closed_on": null, "reason": null,
    "created_at": "2026-02-02T08:00:00.000000Z", "changed_at": "2026-04-14T00:00:00.000000Z"
}))]
pub struct CaseOut {
    id: DunningCaseId,
    customer_id: CustomerId,
    customer_number: Number,
    customer_name: Line,
    account_id: CreditAccountId,
    legal_entity_id: LegalEntityId,
    currency: Currency,
    status: CaseStatus,
    /// The highest of its open items; 0 where what was dunned is paid and something else is overdue. A closed case keeps
    /// the level that it had.
    #[schema(minimum = 0, maximum = 10)]
    level: i32,
    opened_on: NaiveDate,
    last_notice_id: DunningNoticeId,
    last_notice_on: NaiveDate,
    /// When the time that the last level gives is over; null before the last level.
    escalation_due_on: Option<NaiveDate>,
    /// Where it is proposed to go, or went.
    escalation: Option<Escalation>,
    proposed_by: Option<Subject>,
    proposed_at: Option<Instant>,
    decided_by: Option<Subject>,
    decided_at: Option<Instant>,
    closed_on: Option<NaiveDate>,
    /// Why it was proposed, refused or closed, whichever was last.
    reason: Option<Note>,
    created_at: Instant,
    changed_at: Instant,
}

impl CaseOut {
    fn new(case: Case, customer_number: Number, customer_name: Line) -> CaseOut {
        CaseOut {
            id: case.id,
            customer_id: case.customer_id,
            customer_number,
            customer_name,
            account_id: case.account_id,
            legal_entity_id: case.legal_entity_id,
            currency: case.currency,
            status: case.status,
            level: case.level,
            opened_on: case.opened_on,
            last_notice_id: case.last_notice_id,
            last_notice_on: case.last_notice_on,
            escalation_due_on: case.escalation_due_on,
            escalation: case.escalation,
            proposed_by: case.proposed_by,
            proposed_at: case.proposed_at,
            decided_by: case.decided_by,
            decided_at: case.decided_at,
            closed_on: case.closed_on,
            reason: case.reason,
            created_at: case.created_at,
            changed_at: case.changed_at,
        }
    }
}
