//! `/v1/api-keys`: making keys for systems, replacing and ending them.

use std::sync::Arc;

use actix_web::{HttpRequest, get, post, web};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::{self, ApiKeyError, Made};
use super::input::{ApiKeyFilter, ApiKeyIn, RotateKeyIn};
use super::keyring::Keyring;
use super::model::{ApiKey, KeyRole, KeyStatus};
use super::rules::{ScopeError, text_of};
use super::store;
use crate::connect::webhooks::secrets::Vault;
use crate::platform::db::DbError;
use crate::platform::http::auth::{ManageApiKeys, ReadApiKeys};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{
    Actor, Answer, Code, Command, Ended, Executor, IfMatch, Listing, Outcome, Problem, ReasonIn,
    StoredResponse,
};
use kernel::clock::Instant;
use kernel::ids::ApiKeyId;
use kernel::text::{Keyword, Line, Subject};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(create_api_key)
        .service(list_api_keys)
        .service(find_api_key)
        .service(rotate_api_key)
        .service(revoke_api_key);
}

/// What seals keys in stored answers.
pub struct KeyVault(pub Arc<Vault>);

/// Make an API key
///
/// For an order system or an ERP, which sends it as `Authorization: Bearer ntk_…`. It is shown in this answer and never again.
/// It has one role, and of what that role permits what `scopes` name; no key approves anything.
#[utoipa::path(
    tag = "api-keys",
    request_body = ApiKeyIn,
    responses((status = 201, description = "The key.", body = ApiKeySecretOut)),
    security(("bearer" = ["api-keys:manage"]))
)]
#[post("/v1/api-keys")]
pub async fn create_api_key(
    actor: Actor<ManageApiKeys>,
    command: Command<ApiKeyIn>,
    vault: web::Data<KeyVault>,
    executor: web::Data<Executor>,
) -> Outcome {
    let telling = Arc::clone(&vault.0);
    let ended = executor
        .once_ended(&actor, command, move |tx, input| {
            let made = actions::create(tx, &vault.0, input)?;
            let (location, version) = (format!("/v1/api-keys/{}", made.key.id), made.key.version);
            let now = tx.now();
            Ok(Answer::created(&SealedOut::new(made, now)?, location)?.version(version))
        })
        .await?;
    with_secret(ended, &telling)
}

/// The answer with the key as its user is told it. What is kept under the idempotency key has it sealed.
fn with_secret(ended: Ended, vault: &Vault) -> Outcome {
    let told = ended.try_map(|kept| match kept {
        StoredResponse::Answer(answer) => {
            let mut kept: SealedOut =
                serde_json::from_str(answer.body()).map_err(Problem::internal)?;
            let id = kept
                .api_key
                .get("id")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let id: ApiKeyId = id.parse().map_err(Problem::internal)?;
            kept.key = text_of(id, &vault.open(&kept.key).map_err(ApiKeyError::from)?);
            answer.with_body(&kept).map(StoredResponse::Answer)
        }
        refusal @ StoredResponse::Refusal(_) => Ok(refusal),
    })?;
    Ok(told.into_response())
}

/// List API keys
///
/// The first that was made first. Their secrets are not known any more.
#[utoipa::path(
    tag = "api-keys",
    params(Listing<ApiKeyFilter>),
    responses((status = 200, description = "One page of keys.", body = PageOut<ApiKeyOut>)),
    security(("bearer" = ["api-keys:read"]))
)]
#[get("/v1/api-keys")]
pub async fn list_api_keys(
    _actor: Actor<ReadApiKeys>,
    listing: Listing<ApiKeyFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let now = db.clock().now();
            let page = store::list(db, &listing.filter, &listing.page)?;
            Ok(page.try_map(|key| ApiKeyOut::new(key, now))?)
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Read an API key
///
/// What it may, and when it was used last, to a minute.
#[utoipa::path(
    tag = "api-keys",
    params(ApiKeyId),
    responses((status = 200, description = "The key.", body = ApiKeyOut)),
    security(("bearer" = ["api-keys:read"]))
)]
#[get("/v1/api-keys/{id}")]
pub async fn find_api_key(
    _actor: Actor<ReadApiKeys>,
    id: web::Path<ApiKeyId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let now = db.clock().now();
            let key = store::find(db, *id)?.ok_or(ApiKeyError::Missing)?;
            answer(key, now)
        })
        .await?;
    Ok(answer.into_response())
}

/// Replace an API key
///
/// By one with the same rights, shown in this answer and never again. For a while the key before is taken as well.
#[utoipa::path(
    tag = "api-keys",
    params(ApiKeyId, IfMatch),
    request_body = RotateKeyIn,
    responses((status = 200, description = "The key and its new secret.", body = ApiKeySecretOut)),
    security(("bearer" = ["api-keys:manage"]))
)]
#[post("/v1/api-keys/{id}/rotate")]
pub async fn rotate_api_key(
    actor: Actor<ManageApiKeys>,
    id: web::Path<ApiKeyId>,
    version: IfMatch,
    command: Command<RotateKeyIn>,
    vault: web::Data<KeyVault>,
    keyring: web::Data<Keyring>,
    executor: web::Data<Executor>,
) -> Outcome {
    let telling = Arc::clone(&vault.0);
    let id = *id;
    let ended = executor
        .once_ended(&actor, command, move |tx, input| {
            let made = actions::rotate(tx, &vault.0, id, version.0, input)?;
            let (now, version) = (tx.now(), made.key.version);
            Ok(Answer::ok(&SealedOut::new(made, now)?)?.version(version))
        })
        .await;
    keyring.forget(id);
    with_secret(ended?, &telling)
}

/// Revoke an API key
///
/// It lets nobody in any more: from this answer on where it is given, and seconds later on every other server.
#[utoipa::path(
    tag = "api-keys",
    params(ApiKeyId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The key, revoked.", body = ApiKeyOut)),
    security(("bearer" = ["api-keys:manage"]))
)]
#[post("/v1/api-keys/{id}/revoke")]
pub async fn revoke_api_key(
    actor: Actor<ManageApiKeys>,
    id: web::Path<ApiKeyId>,
    version: IfMatch,
    command: Command<ReasonIn>,
    keyring: web::Data<Keyring>,
    executor: web::Data<Executor>,
) -> Outcome {
    let id = *id;
    let outcome = executor
        .once(&actor, command, move |tx, input| {
            let key = actions::revoke(tx, id, version.0, &input.reason)?;
            let now = tx.now();
            answer(key, now)
        })
        .await;
    keyring.forget(id);
    outcome
}

fn answer(key: ApiKey, now: Instant) -> Result<Answer, Problem> {
    let version = key.version;
    Ok(Answer::ok(&ApiKeyOut::new(key, now)?)?.version(version))
}

/// An API key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKey, example = json!({
    "id": "key_01k00000000000000000000001", "name": "Order desk Shanghai", "role": "system",
    "scopes": ["limits:check", "reservations:manage"], "status": "active",
    "expires_at": "2027-03-31T00:00:00.000000Z", "requests_per_second": null,
    "last_used_at": "2026-03-31T08:00:00.000000Z", "previous_until": null, "revoked_at": null,
    "created_by": "u-17", "created_at": "2026-03-31T08:00:00.000000Z", "changed_at": "2026-03-31T08:00:00.000000Z"
}))]
pub struct ApiKeyOut {
    id: ApiKeyId,
    name: Line,
    role: KeyRole,
    /// The permissions that it is held to.
    #[schema(max_items = 100)]
    scopes: Vec<Keyword>,
    status: KeyStatus,
    expires_at: Option<Instant>,
    #[schema(minimum = 1, maximum = 100_000)]
    requests_per_second: Option<i32>,
    /// When it was used last, to a minute.
    last_used_at: Option<Instant>,
    /// Until when the key before it is taken as well.
    previous_until: Option<Instant>,
    revoked_at: Option<Instant>,
    created_by: Subject,
    created_at: Instant,
    changed_at: Instant,
}

impl ApiKeyOut {
    fn new(row: ApiKey, now: Instant) -> Result<ApiKeyOut, DbError> {
        Ok(ApiKeyOut {
            scopes: row.scopes()?,
            status: row.status(now),
            id: row.id,
            name: row.name,
            role: row.role,
            expires_at: row.expires_at,
            requests_per_second: row.requests_per_second,
            last_used_at: row.last_used_at,
            previous_until: row.previous_until,
            revoked_at: row.revoked_at,
            created_by: row.created_by,
            created_at: row.created_at,
            changed_at: row.changed_at,
        })
    }
}

/// An API key with what signs in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKeySecret, example = json!({
    "api_key": {
        "id": "key_01k00000000000000000000001", "name": "Order desk Shanghai", "role": "system",
        "scopes": ["limits:check", "reservations:manage"], "status": "active",
        "expires_at": "2027-03-31T00:00:00.000000Z", "requests_per_second": null, "last_used_at": null,
        "previous_until": null, "revoked_at": null, "created_by": "u-17",
        "created_at": "2026-03-31T08:00:00.000000Z", "changed_at": "2026-03-31T08:00:00.000000Z"
    },
    "key": "ntk_019d42a0000070008000000000000001_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"
}))]
pub struct ApiKeySecretOut {
    api_key: ApiKeyOut,
    /// What is sent as the bearer token. It is not shown again.
    #[schema(max_length = 100)]
    key: String,
}

/// What is kept of such an answer: the secret is sealed until it is told.
#[derive(Debug, Serialize, Deserialize)]
struct SealedOut {
    api_key: Value,
    key: String,
}

impl SealedOut {
    fn new(made: Made, now: Instant) -> Result<SealedOut, Problem> {
        let api_key = serde_json::to_value(ApiKeyOut::new(made.key, now)?);
        Ok(SealedOut {
            api_key: api_key.map_err(Problem::internal)?,
            key: made.sealed,
        })
    }
}

impl From<ApiKeyError> for Problem {
    fn from(error: ApiKeyError) -> Problem {
        let text = error.to_string();
        match error {
            ApiKeyError::Missing => Problem::not_found("API key"),
            ApiKeyError::Scope(ScopeError::Unknown { index }) => {
                Problem::invalid(format!("/scopes/{index}"), "unknown_scope", text)
            }
            ApiKeyError::Scope(ScopeError::NotOfRole { index, .. }) => {
                Problem::invalid(format!("/scopes/{index}"), "not_of_role", text)
            }
            ApiKeyError::Scope(ScopeError::SecondPerson { index }) => {
                Problem::invalid(format!("/scopes/{index}"), "second_person", text)
            }
            ApiKeyError::Expired => Problem::invalid("/expires_at", "out_of_bounds", text),
            ApiKeyError::TooMany => Problem::invalid("", "too_many", text),
            ApiKeyError::Ended(status) => {
                let allowed: &[&str] = match status {
                    KeyStatus::Active => &["rotate", "revoke"],
                    KeyStatus::Expired => &["revoke"],
                    KeyStatus::Revoked => &[],
                };
                Problem::state("API key", status, allowed)
            }
            ApiKeyError::Stale => Problem::new(Code::Stale),
            ApiKeyError::Vault(error) => Problem::internal(error),
            ApiKeyError::Db(error) => error.into(),
        }
    }
}
