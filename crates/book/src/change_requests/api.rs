//! `/v1/change-requests`.

mod lines;

use std::collections::BTreeMap;

use actix_web::{HttpRequest, get, post, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::{self, ChangeError};
use super::input::{ChangeRequestFilter, ChangeRequestIn, Proposal};
use super::kinds::ChangeKinds;
use super::model::{ChangeKind, ChangeLine, ChangeRequest, ChangeStatus, LineCounts};
use super::store;
use crate::platform::db::Db;
use crate::platform::http::auth::{DecideChanges, ProposeChanges, ReadChangeRequests};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{
    Actor, Answer, Code, Command, Executor, IfMatch, KeyedCommand, Listing, Outcome, Problem,
    ReasonIn,
};
use kernel::caller::Caller;
use kernel::clock::Instant;
use kernel::ids::{ChangeRequestId, CustomerId};
use kernel::text::{Line, Note, Number, Subject};

use lines::LineParts;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(propose_change)
        .service(list_change_requests)
        .service(find_change_request)
        .service(lines::list_change_request_lines)
        .service(approve_change)
        .service(reject_change)
        .service(withdraw_change);
}

/// Propose a change
///
/// Nothing changes before another person approves it. What can't be applied as the book is now is refused at once. Several
/// requests may be about one thing: the first that is approved makes the others stale.
///
/// `items` propose up to 500 changes of a kind as one request, each of another target. They are shown line by line, decided
/// once, and applied in their order. All of them must be possible when they are proposed; `errors` tells everything that is
/// not. A file of changes is proposed with `POST /v1/imports` (`customer_parents`).
#[utoipa::path(
    tag = "change-requests",
    request_body = ChangeRequestIn,
    responses((status = 201, description = "The request.", body = ChangeRequestOut)),
    security(("bearer" = ["change-requests:propose"]))
)]
#[post("/v1/change-requests")]
pub async fn propose_change(
    actor: Actor<ProposeChanges>,
    command: Command<ChangeRequestIn>,
    kinds: web::Data<ChangeKinds>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let request = actions::propose(tx, **kinds, &Proposal::from(input))
                .map_err(|error| in_body(error, input))?;
            let location = format!("/v1/change-requests/{}", request.id);
            let (version, caller) = (request.version, tx.caller());
            let out = describe_one(tx, **kinds, caller, request)?;
            Ok(Answer::created(&out, location)?.version(version))
        })
        .await
}

/// List change requests
///
/// The newest first; sales those with lines about their own customers.
#[utoipa::path(
    tag = "change-requests",
    params(Listing<ChangeRequestFilter>),
    responses((status = 200, description = "One page of requests.", body = PageOut<ChangeRequestOut>)),
    security(("bearer" = ["change-requests:read"]))
)]
#[get("/v1/change-requests")]
pub async fn list_change_requests(
    actor: Actor<ReadChangeRequests>,
    listing: Listing<ChangeRequestFilter>,
    kinds: web::Data<ChangeKinds>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let page = store::list(db, &actor, &listing.filter, &listing.page)?;
            page.try_map_all(|rows| describe(db, **kinds, &actor, rows))
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Read a change request
///
/// With how many lines it has and what became of them; of one line also what its target was when it was proposed, and what
/// it is to become.
#[utoipa::path(
    tag = "change-requests",
    params(ChangeRequestId),
    responses((status = 200, description = "The request.", body = ChangeRequestOut)),
    security(("bearer" = ["change-requests:read"]))
)]
#[get("/v1/change-requests/{id}")]
pub async fn find_change_request(
    actor: Actor<ReadChangeRequests>,
    id: web::Path<ChangeRequestId>,
    kinds: web::Data<ChangeKinds>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let request = store::find_visible(db, &actor, *id)?.ok_or(ChangeError::Missing)?;
            answer(db, **kinds, &actor, request)
        })
        .await?;
    Ok(answer.into_response())
}

/// Approve a change
///
/// By another person than who proposed it. It is applied at once, all lines in one unit of work, and the request is
/// `applied`. A line whose target has changed since it was proposed is `stale`, one that the book does not allow any more is
/// `refused`: neither is applied, and where others are the request is `partly_applied`. When all are stale it is `stale`;
/// when none can be applied and one is refused the answer is that problem, and the request waits on. An `Idempotency-Key`
/// is required.
#[utoipa::path(
    tag = "change-requests",
    params(ChangeRequestId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The request, applied, partly applied or stale.", body = ChangeRequestOut)),
    security(("bearer" = ["change-requests:decide"]))
)]
#[post("/v1/change-requests/{id}/approve")]
pub async fn approve_change(
    actor: Actor<DecideChanges>,
    id: web::Path<ChangeRequestId>,
    version: IfMatch,
    command: KeyedCommand<ReasonIn>,
    kinds: web::Data<ChangeKinds>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            let request = actions::approve(tx, **kinds, *id, version.0, &input.reason)?;
            let caller = tx.caller();
            answer(tx, **kinds, caller, request)
        })
        .await
}

/// Reject a change
///
/// By another person than who proposed it. Its target stays as it is.
#[utoipa::path(
    tag = "change-requests",
    params(ChangeRequestId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The request, rejected.", body = ChangeRequestOut)),
    security(("bearer" = ["change-requests:decide"]))
)]
#[post("/v1/change-requests/{id}/reject")]
pub async fn reject_change(
    actor: Actor<DecideChanges>,
    id: web::Path<ChangeRequestId>,
    version: IfMatch,
    command: Command<ReasonIn>,
    kinds: web::Data<ChangeKinds>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let request = actions::reject(tx, *id, version.0, &input.reason)?;
            let caller = tx.caller();
            answer(tx, **kinds, caller, request)
        })
        .await
}

/// Withdraw a change
///
/// By who proposed it, before it is decided.
#[utoipa::path(
    tag = "change-requests",
    params(ChangeRequestId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The request, withdrawn.", body = ChangeRequestOut)),
    security(("bearer" = ["change-requests:propose"]))
)]
#[post("/v1/change-requests/{id}/withdraw")]
pub async fn withdraw_change(
    actor: Actor<ProposeChanges>,
    id: web::Path<ChangeRequestId>,
    version: IfMatch,
    command: Command<ReasonIn>,
    kinds: web::Data<ChangeKinds>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let request = actions::withdraw(tx, *id, version.0, &input.reason)?;
            let caller = tx.caller();
            answer(tx, **kinds, caller, request)
        })
        .await
}

fn answer(
    db: &mut Db,
    kinds: ChangeKinds,
    reader: &Caller,
    request: ChangeRequest,
) -> Result<Answer, Problem> {
    let version = request.version;
    Ok(Answer::ok(&describe_one(db, kinds, reader, request)?)?.version(version))
}

fn describe_one(
    db: &mut Db,
    kinds: ChangeKinds,
    reader: &Caller,
    request: ChangeRequest,
) -> Result<ChangeRequestOut, Problem> {
    let described = describe(db, kinds, reader, vec![request])?.pop();
    Ok(described.ok_or(ChangeError::Missing)?)
}

/// The requests as their reader may see them; those of one line with it.
fn describe(
    db: &mut Db,
    kinds: ChangeKinds,
    reader: &Caller,
    requests: Vec<ChangeRequest>,
) -> Result<Vec<ChangeRequestOut>, Problem> {
    let ids: Vec<ChangeRequestId> = requests.iter().map(|request| request.id).collect();
    let counts = store::count_lines(db, &ids)?;
    let single = counts.iter().filter(|(_, counts)| counts.total == 1);
    let single: Vec<ChangeRequestId> = single.map(|(id, _)| *id).collect();
    let rows = store::list_only_lines(db, &single)?;
    let customers = lines::customers_of(db, &rows)?;
    let mut only: BTreeMap<ChangeRequestId, ChangeLine> =
        rows.into_iter().map(|row| (row.request_id, row)).collect();
    let mut described = Vec::with_capacity(requests.len());
    for request in requests {
        let counts = counts.get(&request.id).copied().unwrap_or_default();
        let only = only.remove(&request.id);
        let parts = only
            .map(|row| LineParts::new(db, kinds, reader, request.kind, &customers, row))
            .transpose()?;
        described.push(ChangeRequestOut::new(request, counts, parts));
    }
    Ok(described)
}

/// A change request.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChangeRequest, example = json!({
    "id": "chr_01k00000000000000000000001", "kind": "customer_parent", "status": "applied",
    "lines": {"total": 1, "applied": 1, "stale": 0, "refused": 0},
    "target_id": "cus_01k00000000000000000000001", "target_number": "C-1001",
    "customer_id": "cus_01k00000000000000000000001", "customer_number": "C-1001", "customer_name": "Jiangnan Trading Co.",
    "before": {"parent_customer_id": null, "parent_customer_number": null, "parent_customer_name": null},
    "after": {
        "parent_customer_id": "cus_01k00000000000000000000002", "parent_customer_number": "C-1000",
        "parent_customer_name": "Jiangnan Holding"
    },
    "reason": "Bought by Jiangnan Holding in March.", "proposed_by": "u-17", "proposed_at": "2026-03-31T08:00:00.000000Z",
    "decided_by": "u-21", "decision_reason": "Seen in the register.", "decided_at": "2026-03-31T09:00:00.000000Z"
}))]
pub struct ChangeRequestOut {
    id: ChangeRequestId,
    kind: ChangeKind,
    status: ChangeStatus,
    lines: LineCountsOut,
    /// What is to change; like what follows null where the request has several lines, which are read by themselves.
    target_id: Option<Line>,
    /// The number that another system gave it.
    target_number: Option<Number>,
    /// The customer whom it is about.
    customer_id: Option<CustomerId>,
    customer_number: Option<Number>,
    customer_name: Option<Line>,
    /// What the target was when the change was proposed. Of a head that is somebody else's customer, sales are told nothing.
    #[schema(value_type = Option<Object>)]
    before: Option<serde_json::Value>,
    /// What it is to become, in the same form.
    #[schema(value_type = Option<Object>)]
    after: Option<serde_json::Value>,
    reason: Note,
    proposed_by: Subject,
    proposed_at: Instant,
    /// Who approved, rejected or withdrew it.
    decided_by: Option<Subject>,
    decision_reason: Option<Note>,
    decided_at: Option<Instant>,
}

/// How many lines a request has, and what became of them when it was approved.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChangeLineCounts, example = json!({"total": 1, "applied": 1, "stale": 0, "refused": 0}))]
pub struct LineCountsOut {
    #[schema(minimum = 1, maximum = 500)]
    total: i64,
    #[schema(minimum = 0, maximum = 500)]
    applied: i64,
    /// Lines whose target had changed since they were proposed.
    #[schema(minimum = 0, maximum = 500)]
    stale: i64,
    /// Lines that the book did not allow any more.
    #[schema(minimum = 0, maximum = 500)]
    refused: i64,
}

impl ChangeRequestOut {
    fn new(
        request: ChangeRequest,
        counts: LineCounts,
        only: Option<LineParts>,
    ) -> ChangeRequestOut {
        let (target, about, states) = match only {
            Some(only) => (Some(only.target), only.about, Some(only.states)),
            None => (None, None, None),
        };
        let (target_id, target_number) =
            target.map_or((None, None), |(id, number)| (Some(id), number));
        let (before, after) =
            states.map_or((None, None), |(before, after)| (Some(before), Some(after)));
        let about = about.as_ref();
        ChangeRequestOut {
            id: request.id,
            kind: request.kind,
            status: request.status,
            lines: LineCountsOut {
                total: counts.total,
                applied: counts.applied,
                stale: counts.stale,
                refused: counts.refused,
            },
            target_id,
            target_number,
            customer_id: about.map(|customer| customer.id),
            customer_number: about.map(|customer| customer.number.clone()),
            customer_name: about.map(|customer| customer.name.clone()),
            before,
            after,
            reason: request.reason,
            proposed_by: request.proposed_by,
            proposed_at: request.proposed_at,
            decided_by: request.decided_by,
            decision_reason: request.decision_reason,
            decided_at: request.decided_at,
        }
    }
}

/// What is wrong with the only change of a body, or with its items.
fn in_body(error: ChangeError, input: &ChangeRequestIn) -> Problem {
    match error {
        ChangeError::Lines(wrong) if input.items.is_none() => {
            let only = wrong.into_iter().next();
            only.map_or_else(|| Problem::new(Code::Invalid), |(_, problem)| problem)
        }
        error => error.into(),
    }
}

/// What is wrong with items: what the request alone shows comes first, as everywhere.
fn in_items(wrong: Vec<(i32, Problem)>) -> Problem {
    let is_malformed = |problem: &Problem| problem.code() == Code::MalformedBody;
    let some_are_malformed = wrong.iter().any(|(_, problem)| is_malformed(problem));
    let code = if some_are_malformed {
        Code::MalformedBody
    } else {
        Code::Invalid
    };
    wrong
        .into_iter()
        .filter(|(_, problem)| !some_are_malformed || is_malformed(problem))
        .fold(Problem::new(code), |all, (line, problem)| {
            let member = match problem.code() {
                Code::NotFound => "/target",
                _ => "",
            };
            all.and(problem.below(&format!("/items/{}{member}", line - 1)))
        })
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Problem {
        match error {
            ChangeError::Missing => Problem::not_found("change request"),
            ChangeError::Decided(status) => Problem::ended("change request", status),
            ChangeError::OwnProposal => {
                Problem::new(Code::SegregationOfDuties).with("duty", "proposer of the change")
            }
            ChangeError::WrongRole(roles) => {
                Problem::new(Code::Forbidden).with_list("roles", roles)
            }
            ChangeError::NotOwn => Problem::invalid(
                "",
                "not_own",
                "Only who proposed a change can withdraw it; others reject it.",
            ),
            ChangeError::Refused(problem) => problem,
            ChangeError::Lines(wrong) => in_items(wrong),
            ChangeError::Stale => Problem::new(Code::Stale),
            ChangeError::Db(error) => error.into(),
        }
    }
}
