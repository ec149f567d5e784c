//! `/v1/webhook-endpoints`: setting endpoints up and changing them. `deliveries` has what became of each event.

mod deliveries;
mod shapes;

use std::sync::Arc;

use actix_web::{HttpRequest, get, patch, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use self::shapes::{SealedOut, WebhookEndpointOut, WebhookSecretOut};
use super::actions::{self, Setting, WebhookError};
use super::input::{
    ReplayIn, RotateSecretIn, WebhookEndpointFilter, WebhookEndpointIn, WebhookEndpointPatch,
};
use super::model::{Endpoint, EndpointStatus};
use super::secrets::Vault;
use super::store;
use crate::platform::http::auth::{ManageWebhooks, ReadWebhooks};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{
    Actor, Answer, Code, Command, Ended, Executor, IfMatch, Listing, Nothing, Outcome, Problem,
    ReasonIn, StoredResponse, Valid,
};
use kernel::ids::WebhookEndpointId;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(create_webhook_endpoint)
        .service(list_webhook_endpoints)
        .service(find_webhook_endpoint)
        .service(update_webhook_endpoint)
        .service(rotate_webhook_secret)
        .service(enable_webhook_endpoint)
        .service(disable_webhook_endpoint)
        .service(test_webhook_endpoint)
        .service(replay_webhook_endpoint)
        .service(remove_webhook_endpoint)
        .configure(deliveries::routes);
}

/// Set up a webhook endpoint
///
/// It is told what happens from now on. Its secret is shown in this answer and never again: verify with it what comes, as
/// Standard Webhooks says. An endpoint is told of all customers, whoever set it up, and of no type of events that neither the
/// role system nor admin may read: such a type is refused by name, and is not among all.
#[utoipa::path(
    tag = "webhooks",
    request_body = WebhookEndpointIn,
    responses((status = 201, description = "The endpoint and its secret.", body = WebhookSecretOut)),
    security(("bearer" = ["webhooks:manage"]))
)]
#[post("/v1/webhook-endpoints")]
pub async fn create_webhook_endpoint(
    actor: Actor<ManageWebhooks>,
    command: Command<WebhookEndpointIn>,
    setting: web::Data<Setting>,
    executor: web::Data<Executor>,
) -> Outcome {
    let vault = Arc::clone(&setting.vault);
    let ended = executor
        .once_ended(&actor, command, move |tx, input| {
            let endpoint = actions::create(tx, &setting, input)?;
            let (location, version) = (location(&endpoint), endpoint.version);
            Ok(Answer::created(&SealedOut::new(endpoint)?, location)?.version(version))
        })
        .await?;
    with_secret(ended, &vault)
}

/// The answer with the secret as its receiver is told it. What is kept under the key has it sealed.
fn with_secret(ended: Ended, vault: &Vault) -> Outcome {
    let told = ended.try_map(|kept| match kept {
        StoredResponse::Answer(answer) => {
            let mut kept: SealedOut =
                serde_json::from_str(answer.body()).map_err(Problem::internal)?;
            kept.secret = vault.tell(&kept.secret).map_err(WebhookError::from)?;
            answer.with_body(&kept).map(StoredResponse::Answer)
        }
        refusal @ StoredResponse::Refusal(_) => Ok(refusal),
    })?;
    Ok(told.into_response())
}

fn location(endpoint: &Endpoint) -> String {
    format!("/v1/webhook-endpoints/{}", endpoint.id)
}

/// List webhook endpoints
///
/// The first that was set up first. Secrets are not shown.
#[utoipa::path(
    tag = "webhooks",
    params(Listing<WebhookEndpointFilter>),
    responses((status = 200, description = "One page of endpoints.", body = PageOut<WebhookEndpointOut>)),
    security(("bearer" = ["webhooks:read"]))
)]
#[get("/v1/webhook-endpoints")]
pub async fn list_webhook_endpoints(
    _actor: Actor<ReadWebhooks>,
    listing: Listing<WebhookEndpointFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let page = store::list(db, &listing.filter, &listing.page)?;
            Ok(page.try_map(WebhookEndpointOut::new)?)
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// Read a webhook endpoint
///
/// Where it is, what it wants, and how it fares.
#[utoipa::path(
    tag = "webhooks",
    params(WebhookEndpointId),
    responses((status = 200, description = "The endpoint.", body = WebhookEndpointOut)),
    security(("bearer" = ["webhooks:read"]))
)]
#[get("/v1/webhook-endpoints/{id}")]
pub async fn find_webhook_endpoint(
    _actor: Actor<ReadWebhooks>,
    id: web::Path<WebhookEndpointId>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let endpoint = store::find(db, *id)?;
            answer(endpoint.ok_or(WebhookError::Missing("webhook endpoint"))?)
        })
        .await?;
    Ok(answer.into_response())
}

/// Change a webhook endpoint
///
/// Where it is, and what it wants: from now on.
#[utoipa::path(
    tag = "webhooks",
    params(WebhookEndpointId, IfMatch),
    request_body = WebhookEndpointPatch,
    responses((status = 200, description = "The endpoint as it is now.", body = WebhookEndpointOut)),
    security(("bearer" = ["webhooks:manage"]))
)]
#[patch("/v1/webhook-endpoints/{id}")]
pub async fn update_webhook_endpoint(
    actor: Actor<ManageWebhooks>,
    id: web::Path<WebhookEndpointId>,
    version: IfMatch,
    patch: Valid<WebhookEndpointPatch>,
    setting: web::Data<Setting>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .write(&actor, move |tx| {
            answer(actions::change(tx, &setting, *id, version.0, &patch.0)?)
        })
        .await
}

/// Give a webhook endpoint another secret
///
/// Shown in this answer and never again. For a while the secret before signs as well: each message has both signatures. Where the
/// server's own secret was replaced since, the new one signs alone, at once.
#[utoipa::path(
    tag = "webhooks",
    params(WebhookEndpointId, IfMatch),
    request_body = RotateSecretIn,
    responses((status = 200, description = "The endpoint and its new secret.", body = WebhookSecretOut)),
    security(("bearer" = ["webhooks:manage"]))
)]
#[post("/v1/webhook-endpoints/{id}/rotate-secret")]
pub async fn rotate_webhook_secret(
    actor: Actor<ManageWebhooks>,
    id: web::Path<WebhookEndpointId>,
    version: IfMatch,
    command: Command<RotateSecretIn>,
    setting: web::Data<Setting>,
    executor: web::Data<Executor>,
) -> Outcome {
    let vault = Arc::clone(&setting.vault);
    let ended = executor
        .once_ended(&actor, command, move |tx, input| {
            let endpoint = actions::rotate_secret(tx, &setting, *id, version.0, input)?;
            let version = endpoint.version;
            Ok(Answer::ok(&SealedOut::new(endpoint)?)?.version(version))
        })
        .await?;
    with_secret(ended, &vault)
}

/// Switch a webhook endpoint on
///
/// What happened while it was off is told now; replay it from now on to skip that.
#[utoipa::path(
    tag = "webhooks",
    params(WebhookEndpointId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The endpoint, switched on.", body = WebhookEndpointOut)),
    security(("bearer" = ["webhooks:manage"]))
)]
#[post("/v1/webhook-endpoints/{id}/enable")]
pub async fn enable_webhook_endpoint(
    actor: Actor<ManageWebhooks>,
    id: web::Path<WebhookEndpointId>,
    version: IfMatch,
    command: Command<ReasonIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            answer(actions::enable(tx, *id, version.0, &input.reason)?)
        })
        .await
}

/// Switch a webhook endpoint off
///
/// It is told nothing until it is switched on; then it is told what happened meanwhile.
#[utoipa::path(
    tag = "webhooks",
    params(WebhookEndpointId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The endpoint, switched off.", body = WebhookEndpointOut)),
    security(("bearer" = ["webhooks:manage"]))
)]
#[post("/v1/webhook-endpoints/{id}/disable")]
pub async fn disable_webhook_endpoint(
    actor: Actor<ManageWebhooks>,
    id: web::Path<WebhookEndpointId>,
    version: IfMatch,
    command: Command<ReasonIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            answer(actions::disable(tx, *id, version.0, &input.reason)?)
        })
        .await
}

/// Try a webhook endpoint
///
/// A `webhook_endpoint.tested` event happens, and is told to this endpoint alone, whatever it wants. Its deliveries say what
/// came of it.
#[utoipa::path(
    tag = "webhooks",
    params(WebhookEndpointId),
    request_body = Nothing,
    responses((status = 200, description = "The endpoint; the event is on its way.", body = WebhookEndpointOut)),
    security(("bearer" = ["webhooks:manage"]))
)]
#[post("/v1/webhook-endpoints/{id}/test")]
pub async fn test_webhook_endpoint(
    actor: Actor<ManageWebhooks>,
    id: web::Path<WebhookEndpointId>,
    command: Command<Nothing>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, _| {
            answer(actions::test(tx, *id)?)
        })
        .await
}

/// Tell a webhook endpoint again what happened
///
/// All that it wants of what happened since an instant, in order, with the same `webhook-id` as before. What waits is left
/// to that.
#[utoipa::path(
    tag = "webhooks",
    params(WebhookEndpointId, IfMatch),
    request_body = ReplayIn,
    responses((status = 200, description = "The endpoint; it is told again.", body = WebhookEndpointOut)),
    security(("bearer" = ["webhooks:manage"]))
)]
#[post("/v1/webhook-endpoints/{id}/replay")]
pub async fn replay_webhook_endpoint(
    actor: Actor<ManageWebhooks>,
    id: web::Path<WebhookEndpointId>,
    version: IfMatch,
    command: Command<ReplayIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            answer(actions::replay(tx, *id, version.0, input)?)
        })
        .await
}

/// Remove a webhook endpoint
///
/// It is told nothing more, and is not there any more; what is known of its deliveries is forgotten by and by. The trail keeps
/// that it was there.
#[utoipa::path(
    tag = "webhooks",
    params(WebhookEndpointId, IfMatch),
    request_body = ReasonIn,
    responses((status = 200, description = "The endpoint as it was.", body = WebhookEndpointOut)),
    security(("bearer" = ["webhooks:manage"]))
)]
#[post("/v1/webhook-endpoints/{id}/remove")]
pub async fn remove_webhook_endpoint(
    actor: Actor<ManageWebhooks>,
    id: web::Path<WebhookEndpointId>,
    version: IfMatch,
    command: Command<ReasonIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            answer(actions::remove(tx, *id, version.0, &input.reason)?)
        })
        .await
}

fn answer(endpoint: Endpoint) -> Result<Answer, Problem> {
    let version = endpoint.version;
    Ok(Answer::ok(&WebhookEndpointOut::new(endpoint)?)?.version(version))
}

/// What may be done with an endpoint in a state.
const fn allowed(status: EndpointStatus) -> [&'static str; 2] {
    match status {
        EndpointStatus::Enabled => ["disable", "test"],
        EndpointStatus::Disabled => ["enable", "remove"],
    }
}

impl From<WebhookError> for Problem {
    fn from(error: WebhookError) -> Problem {
        let text = error.to_string();
        match error {
            WebhookError::Missing(thing) => Problem::not_found(thing),
            WebhookError::Address(_) => Problem::invalid("/url", "address_refused", text),
            WebhookError::UnknownType { index } => {
                Problem::invalid(format!("/event_types/{index}"), "unknown_type", text)
            }
            WebhookError::NotTold { index } => {
                Problem::invalid(format!("/event_types/{index}"), "not_told", text)
            }
            WebhookError::TooMany => Problem::invalid("", "too_many", text),
            WebhookError::IsAlready(status) => {
                Problem::state("webhook endpoint", status, allowed(status))
            }
            WebhookError::Waits => Problem::state("delivery", "pending", [""; 0]),
            WebhookError::InFuture => Problem::invalid("/from", "out_of_bounds", text),
            WebhookError::Stale => Problem::new(Code::Stale),
            WebhookError::Vault(error) => Problem::internal(error),
            WebhookError::Db(error) => error.into(),
        }
    }
}
