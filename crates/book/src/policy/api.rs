//! `/v1/policies`.

use actix_web::{HttpRequest, get, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::PolicyError;
use super::model::{PolicyDocument, PolicyRow, PolicyStatus};
use super::rules::DifferenceKind;
use super::{actions, rules, store};
use crate::book::policy::input::{PolicyFilter, PolicyIn};
use crate::platform::db::{DbError, read_document};
use crate::platform::http::auth::{ApprovePolicies, ComparePolicies, DraftPolicies, ReadPolicies};
use crate::platform::http::page::{CursorKey, PageOut, Query};
use crate::platform::http::{
    Actor, Answer, Code, Command, Executor, IfMatch, KeyedCommand, Listing, Outcome, Problem,
    ReasonIn, Valid,
};
use crate::platform::versions::api::refused;
use kernel::clock::Instant;
use kernel::drafters::Drafters;
use kernel::ids::PolicyId;
use kernel::text::Subject;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_policies)
        .service(find_live_policy)
        .service(compare_policies)
        .service(find_policy)
        .service(draft_policy)
        .service(change_policy)
        .service(approve_policy);
}

/// List policies
///
/// Every version, the newest first.
#[utoipa::path(
    tag = "policies",
    params(Listing<PolicyFilter>),
    responses((status = 200, description = "One page of policies.", body = PageOut<PolicyOut>)),
    security(("bearer" = ["policies:read"]))
)]
#[get("/v1/policies")]
pub async fn list_policies(
    _: Actor<ReadPolicies>,
    listing: Listing<PolicyFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let page = store::list(db, &listing.filter, &listing.page)?;
            Ok(page.try_map(PolicyOut::read)?)
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Read the live policy
///
/// The one version that decides now. Where the figures of version 1 come from, with which a new book begins, is told in
/// `docs/policy.md`: the longest terms from directive 2011/7/EU, the materiality of what is overdue from EU 2018/171, the
/// rest is to begin with and to be looked at in your own book. `reason` says why any later version was drafted.
#[utoipa::path(
    tag = "policies",
    responses((status = 200, description = "The policy.", body = PolicyOut)),
    security(("bearer" = ["policies:read"]))
)]
#[get("/v1/policies/live")]
pub async fn find_live_policy(_: Actor<ReadPolicies>, executor: web::Data<Executor>) -> Outcome {
    let answer = executor
        .read(|db| answer(store::find_live(db)?.ok_or(PolicyError::Missing)?))
        .await?;
    Ok(answer.into_response())
}

/// Read a policy
///
/// Any version, also a retired one: what decided then can always be read.
#[utoipa::path(
    tag = "policies",
    params(PolicyId),
    responses((status = 200, description = "The policy.", body = PolicyOut)),
    security(("bearer" = ["policies:read"]))
)]
#[get("/v1/policies/{id}")]
pub async fn find_policy(
    _: Actor<ReadPolicies>,
    id: web::Path<PolicyId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| answer(store::find(db, *id)?.ok_or(PolicyError::Missing)?))
        .await?;
    Ok(answer.into_response())
}

/// Compare two policies
///
/// What this version has otherwise than another: than that of `with`, or than the live one. Rows of terms, authority,
/// rules and factors are compared with their like, wherever they stand.
#[utoipa::path(
    tag = "policies",
    params(PolicyId, PolicyComparison),
    responses((status = 200, description = "What differs.", body = PolicyDifferencesOut)),
    security(("bearer" = ["policies:compare"]))
)]
#[get("/v1/policies/{id}/compare")]
pub async fn compare_policies(
    _: Actor<ComparePolicies>,
    id: web::Path<PolicyId>,
    question: Query<PolicyComparison>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let policy = store::find(db, *id)?.ok_or(PolicyError::Missing)?;
            let with = match question.0.with {
                Some(with) => store::find(db, with)?,
                None => store::find_live(db)?,
            };
            let with = with.ok_or(PolicyError::Missing)?;
            Answer::ok(&PolicyDifferencesOut::between(&with, &policy)?)
        })
        .await?;
    Ok(answer.into_response())
}

/// Draft a policy
///
/// The whole document, as the next version. It decides nothing until another person sets it live.
#[utoipa::path(
    tag = "policies",
    request_body = PolicyIn,
    responses((status = 201, description = "The draft.", body = PolicyOut)),
    security(("bearer" = ["policies:draft"]))
)]
#[post("/v1/policies")]
pub async fn draft_policy(
    actor: Actor<DraftPolicies>,
    command: Command<PolicyIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, |tx, input| {
            let policy = actions::draft(tx, &input.document, &input.reason)?;
            let location = format!("/v1/policies/{}", policy.id);
            let version = policy.version;
            Ok(Answer::created(&PolicyOut::read(policy)?, location)?.version(version))
        })
        .await
}

/// Change a draft of a policy
///
/// The whole document anew. Whoever changes a draft has written it too, and can't set it live.
#[utoipa::path(
    tag = "policies",
    params(PolicyId, IfMatch),
    request_body = PolicyIn,
    responses((status = 200, description = "The draft as it is now.", body = PolicyOut)),
    security(("bearer" = ["policies:draft"]))
)]
#[put("/v1/policies/{id}")]
pub async fn change_policy(
    actor: Actor<DraftPolicies>,
    id: web::Path<PolicyId>,
    version: IfMatch,
    input: Valid<PolicyIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .write(&actor, move |tx| {
            let input = &input.0;
            answer(actions::change(
                tx,
                *id,
                version.0,
                &input.document,
                &input.reason,
            )?)
        })
        .await
}

/// Set a policy live
///
/// At once, by a person who had no part in writing it; the version that was live is retired. A live version never
/// changes. An `Idempotency-Key` is required.
#[utoipa::path(
    tag = "policies",
    params(PolicyId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The policy, live.", body = PolicyOut)),
    security(("bearer" = ["policies:approve"]))
)]
#[post("/v1/policies/{id}/approve")]
pub async fn approve_policy(
    actor: Actor<ApprovePolicies>,
    id: web::Path<PolicyId>,
    version: IfMatch,
    command: KeyedCommand<ReasonIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once_keyed(&actor, command, move |tx, input| {
            answer(actions::approve(tx, *id, version.0, &input.reason)?)
        })
        .await
}

fn answer(policy: PolicyRow) -> Result<Answer, Problem> {
    let version = policy.version;
    Ok(Answer::ok(&PolicyOut::read(policy)?)?.version(version))
}

/// A version of the credit policy.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Policy, example = json!({
    "id": "pol_01k00000000000000000000001", "policy_version": 2, "status": "draft",
    "document": {
        "check_rules": [{
            "code": "limit_utilisation", "effect": "review", "checkpoints": [], "threshold_ppm": null, "days": null,
            "amounts": {}
        }],
        "authority": [{"role": "credit", "level": 1, "amounts": {"CNY": "1000000.00"}}],
        "levels_by_subject": {},
        "reservations": {"days_default": 30, "days_max": 366, "capture_tolerance_ppm": 0},
        "applications": {"answer_days": 30, "net_days_max": 180}
    },
    "reason": "Tighter after a year of losses.", "author": "u-21", "drafters": ["u-21"], "approver": null,
    "created_at": "2026-03-31T08:00:00.000000Z", "live_at": null, "retired_at": null
}))]
pub struct PolicyOut {
    id: PolicyId,
    /// Ascends by one with each draft.
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    policy_version: i32,
    status: PolicyStatus,
    document: PolicyDocument,
    /// Why it was drafted so.
    #[schema(max_length = 2000)]
    reason: String,
    #[schema(max_length = 128)]
    author: String,
    /// Everybody who wrote it; none of them can set it live.
    #[schema(value_type = Vec<Subject>, max_items = 1000)]
    drafters: Drafters,
    #[schema(max_length = 128)]
    approver: Option<String>,
    created_at: Instant,
    live_at: Option<Instant>,
    retired_at: Option<Instant>,
}

impl PolicyOut {
    fn read(row: PolicyRow) -> Result<PolicyOut, DbError> {
        Ok(PolicyOut {
            id: row.id,
            policy_version: row.policy_version,
            status: row.status,
            document: read_document(&row.document)?,
            reason: row.reason,
            author: row.author,
            drafters: row.drafters,
            approver: row.approver,
            created_at: row.created_at,
            live_at: row.live_at,
            retired_at: row.retired_at,
        })
    }
}

/// With which policy.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PolicyComparison {
    /// The earlier version; the live one when not given.
    pub with: Option<PolicyId>,
}

/// What one policy has otherwise than another.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PolicyDifferences, example = json!({
    "policy_id": "pol_01k00000000000000000000002", "policy_version": 2,
    "with_id": "pol_01k00000000000000000000001", "with_version": 1,
    "differences": [{"pointer": "/terms/2/net_days_max", "row": "A", "kind": "changed", "before": 60, "after": 45}]
}))]
pub struct PolicyDifferencesOut {
    policy_id: PolicyId,
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    policy_version: i32,
    with_id: PolicyId,
    #[schema(minimum = 1, maximum = 2_147_483_647)]
    with_version: i32,
    /// In the order of the documents.
    #[schema(max_items = 10_000)]
    differences: Vec<PolicyDifferenceOut>,
}

/// One thing that differs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PolicyDifference)]
pub struct PolicyDifferenceOut {
    /// JSON Pointer into this policy's document, or, for what was removed, into the other's.
    #[schema(max_length = 300)]
    pointer: String,
    /// The row that it is about, such as a grade and its segment.
    #[schema(max_length = 300)]
    row: Option<String>,
    kind: DifferenceKind,
    /// What the other policy has there; null for nothing.
    before: Option<serde_json::Value>,
    /// What this policy has there; null for nothing.
    after: Option<serde_json::Value>,
}

impl PolicyDifferencesOut {
    fn between(with: &PolicyRow, policy: &PolicyRow) -> Result<PolicyDifferencesOut, Problem> {
        let (before, after) = (
            read_document(&with.document)?,
            read_document(&policy.document)?,
        );
        let found = rules::differences(&before, &after).map_err(Problem::internal)?;
        Ok(PolicyDifferencesOut {
            policy_id: policy.id,
            policy_version: policy.policy_version,
            with_id: with.id,
            with_version: with.policy_version,
            differences: found
                .into_iter()
                .map(|one| PolicyDifferenceOut {
                    pointer: one.pointer,
                    row: one.row,
                    kind: one.kind,
                    before: one.before,
                    after: one.after,
                })
                .collect(),
        })
    }
}

impl From<PolicyError> for Problem {
    fn from(error: PolicyError) -> Problem {
        match error {
            PolicyError::Missing => Problem::not_found("policy"),
            PolicyError::Nonsense(faults) => {
                faults
                    .into_iter()
                    .fold(Problem::new(Code::Invalid), |problem, fault| {
                        problem.at(
                            format!("/document{}", fault.pointer),
                            fault.code,
                            fault.message,
                        )
                    })
            }
            PolicyError::Version(error) => refused("policy", "author of the policy", error),
            PolicyError::Db(error) => error.into(),
        }
    }
}
