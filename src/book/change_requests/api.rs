//! `/v1/change-requests`.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, get, post, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::{self, ChangeError};
use super::input::{ChangeRequestFilter, ChangeRequestIn};
use super::kinds::ChangeKinds;
use super::model::{ChangeKind, ChangeRequest, ChangeStatus};
use super::store;
use crate::book::customers::model::Customer;
use crate::book::customers::store as customers;
use crate::platform::db::Db;
use crate::platform::http::auth::{DecideChanges, ProposeChanges, ReadChangeRequests};
use crate::platform::http::page::{CursorKey, PageOut, PageParams};
use crate::platform::http::{
    Actor, Answer, Code, Command, Executor, IfMatch, KeyedCommand, Listing, Outcome, Problem,
    ReasonIn,
};
use kernel::caller::Caller;
use kernel::clock::Instant;
use kernel::ids::{ChangeRequestId, CustomerId};
use kernel::text::{Line, Note, Number, Subject};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(propose_change)
        .service(list_change_requests)
        .service(find_change_request)
        .service(approve_change)
        .service(reject_change)
        .service(withdraw_change);
}

/// Propose a change
///
/// Nothing changes before another person approves it. What can't be applied as the book is now is refused at once. Several
/// requests may be about one thing: the first that is approved makes the others stale.
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
            let request = actions::propose(tx, **kinds, input)?;
            let location = format!("/v1/change-requests/{}", request.id);
            let (version, caller) = (request.version, tx.caller());
            let out = describe_one(tx, **kinds, caller, request)?;
            Ok(Answer::created(&out, location)?.version(version))
        })
        .await
}

/// List change requests
///
/// The newest first; sales those about their own customers.
#[utoipa::path(
    tag = "change-requests",
    params(ChangeRequestFilter, PageParams),
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
            let rows = store::list(db, &actor, &listing.filter, &listing.page)?;
            let rows = describe(db, **kinds, &actor, rows)?;
            Ok(listing
                .page
                .cut(rows, |row| (row.id.to_string(), row.id.to_string())))
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Read a change request
///
/// With what its target was when it was proposed, and what it is to become.
#[utoipa::path(
    tag = "change-requests",
    params(("id" = ChangeRequestId, Path, description = "The request.")),
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
/// By another person than who proposed it. It is applied at once and the request is `applied`; where its target has
/// changed since it was proposed the request becomes `stale`, and nothing is applied. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "change-requests",
    params(
        ("id" = ChangeRequestId, Path, description = "The request."),
        ("If-Match" = String, Header, description = "The ETag that you read.", max_length = 40, pattern = "^\"[0-9]+\"$"),
    ),
    request_body = ReasonIn,
    responses((status = 200, description = "The request, applied or stale.", body = ChangeRequestOut)),
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
    params(
        ("id" = ChangeRequestId, Path, description = "The request."),
        ("If-Match" = String, Header, description = "The ETag that you read.", max_length = 40, pattern = "^\"[0-9]+\"$"),
    ),
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
    params(
        ("id" = ChangeRequestId, Path, description = "The request."),
        ("If-Match" = String, Header, description = "The ETag that you read.", max_length = 40, pattern = "^\"[0-9]+\"$"),
    ),
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

/// The requests as their reader may see them, with their customers.
fn describe(
    db: &mut Db,
    kinds: ChangeKinds,
    reader: &Caller,
    requests: Vec<ChangeRequest>,
) -> Result<Vec<ChangeRequestOut>, Problem> {
    let ids: Vec<CustomerId> = requests
        .iter()
        .filter_map(|request| request.customer_id)
        .collect();
    let known: BTreeMap<CustomerId, Customer> = customers::list_by_ids(db, &ids)?
        .into_iter()
        .map(|customer| (customer.id, customer))
        .collect();
    let mut described = Vec::with_capacity(requests.len());
    for request in requests {
        let (before, after) = actions::shown(db, kinds, reader, &request)?;
        let customer = request.customer_id.and_then(|id| known.get(&id));
        described.push(ChangeRequestOut {
            id: request.id,
            kind: request.kind,
            status: request.status,
            target_id: request.target_id,
            target_number: request.target_number,
            customer_id: request.customer_id,
            customer_number: customer.map(|customer| customer.number.clone()),
            customer_name: customer.map(|customer| customer.name.clone()),
            before,
            after,
            reason: request.reason,
            proposed_by: request.proposed_by,
            proposed_at: request.proposed_at,
            decided_by: request.decided_by,
            decision_reason: request.decision_reason,
            decided_at: request.decided_at,
        });
    }
    Ok(described)
}

/// A change request.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChangeRequest, example = json!({
    "id": "chr_01k00000000000000000000001", "kind": "customer_parent", "status": "applied",
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
    /// What is to change.
    target_id: Line,
    /// The number that another system gave it.
    target_number: Option<Number>,
    /// The customer whom it is about.
    customer_id: Option<CustomerId>,
    customer_number: Option<Number>,
    customer_name: Option<Line>,
    /// What the target was when the change was proposed. Of a head that is somebody else's customer, sales are told nothing.
    #[schema(value_type = Object)]
    before: serde_json::Value,
    /// What it is to become, in the same form.
    #[schema(value_type = Object)]
    after: serde_json::Value,
    reason: Note,
    proposed_by: Subject,
    proposed_at: Instant,
    /// Who approved, rejected or withdrew it.
    decided_by: Option<Subject>,
    decision_reason: Option<Note>,
    decided_at: Option<Instant>,
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Problem {
        match error {
            ChangeError::Missing => Problem::not_found("change request"),
            ChangeError::NoTarget(thing) => Problem::not_found(thing),
            ChangeError::Decided(status) => Problem::ended("change request", status),
            ChangeError::OwnProposal => {
                Problem::new(Code::SegregationOfDuties).with("duty", "proposer of the change")
            }
            ChangeError::NotOwn => Problem::invalid(
                "",
                "not_own",
                "Only who proposed a change can withdraw it; others reject it.",
            ),
            ChangeError::Refused(problem) => problem,
            ChangeError::Stale => Problem::new(Code::Stale),
            ChangeError::Db(error) => error.into(),
        }
    }
}
