//! What became of each event that an endpoint wants.

use actix_web::{HttpRequest, get, post, web};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use super::shapes::WebhookDeliveryOut;
use crate::connect::webhooks::actions::{self, WebhookError};
use crate::connect::webhooks::input::DeliveryFilter;
use crate::connect::webhooks::store;
use crate::platform::http::auth::{ManageWebhooks, ReadWebhooks};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{Actor, Answer, Command, Executor, Listing, Nothing, Outcome};
use kernel::ids::{WebhookDeliveryId, WebhookEndpointId};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_webhook_deliveries)
        .service(replay_webhook_delivery);
}

/// Which delivery of which endpoint.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct DeliveryOf {
    /// The webhook endpoint.
    id: WebhookEndpointId,
    /// The delivery.
    delivery: WebhookDeliveryId,
}

/// List what was delivered to a webhook endpoint
///
/// The newest first; what ended more than thirty days ago is forgotten.
#[utoipa::path(
    tag = "webhooks",
    params(WebhookEndpointId, Listing<DeliveryFilter>),
    responses((status = 200, description = "One page of deliveries.", body = PageOut<WebhookDeliveryOut>)),
    security(("bearer" = ["webhooks:read"]))
)]
#[get("/v1/webhook-endpoints/{id}/deliveries")]
pub async fn list_webhook_deliveries(
    _actor: Actor<ReadWebhooks>,
    id: web::Path<WebhookEndpointId>,
    listing: Listing<DeliveryFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            store::find(db, *id)?.ok_or(WebhookError::Missing("webhook endpoint"))?;
            store::list_deliveries(db, *id, &listing.filter, &listing.page)
        })
        .await?;
    Ok(page
        .map(WebhookDeliveryOut::from)
        .into_response(&request, &cursors))
}

/// Deliver an event again
///
/// One that has ended, delivered or dead, is sent again, with the same `webhook-id`.
#[utoipa::path(
    tag = "webhooks",
    params(DeliveryOf),
    request_body = Nothing,
    responses((status = 200, description = "The delivery; it waits to be sent.", body = WebhookDeliveryOut)),
    security(("bearer" = ["webhooks:manage"]))
)]
#[post("/v1/webhook-endpoints/{id}/deliveries/{delivery}/replay")]
pub async fn replay_webhook_delivery(
    actor: Actor<ManageWebhooks>,
    of: web::Path<DeliveryOf>,
    command: Command<Nothing>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, _| {
            let delivery = actions::replay_delivery(tx, of.id, of.delivery)?;
            Answer::ok(&WebhookDeliveryOut::from(delivery))
        })
        .await
}
