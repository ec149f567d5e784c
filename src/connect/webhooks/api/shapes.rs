//! Endpoints and deliveries as they are told.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::connect::webhooks::model::{
    Delivery, DeliveryStatus, DisabledBecause, Endpoint, EndpointStatus,
};
use crate::platform::db::DbError;
use crate::platform::http::Problem;
use kernel::clock::Instant;
use kernel::ids::{EventId, WebhookDeliveryId, WebhookEndpointId};
use kernel::text::{Keyword, Line, Subject};

/// A webhook endpoint.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookEndpoint, example = json!({
    "id": "whe_01k00000000000000000000001", "url": "https://erp.example.com/hooks/netterms",
    "description": "The ERP follows the ledger.", "event_types": ["invoice.posted", "invoice.settled"],
    "status": "enabled", "disabled_because": null, "failing_since": null, "previous_secret_until": null,
    "created_by": "u-17", "created_at": "2026-03-31T08:00:00.000000Z", "changed_at": "2026-03-31T08:00:00.000000Z"
}))]
pub struct WebhookEndpointOut {
    id: WebhookEndpointId,
    #[schema(max_length = 2000)]
    url: String,
    description: Option<Line>,
    /// The types that it wants; all of them when there are none.
    #[schema(max_items = 200)]
    event_types: Vec<Keyword>,
    status: EndpointStatus,
    disabled_because: Option<DisabledBecause>,
    /// Since when it has received nothing, though something was sent; after three days it is switched off.
    failing_since: Option<Instant>,
    /// Until when the secret before signs as well.
    previous_secret_until: Option<Instant>,
    created_by: Subject,
    created_at: Instant,
    changed_at: Instant,
}

impl WebhookEndpointOut {
    pub fn new(row: Endpoint) -> Result<WebhookEndpointOut, DbError> {
        Ok(WebhookEndpointOut {
            event_types: row.types()?,
            id: row.id,
            url: row.url,
            description: row.description,
            status: row.status,
            disabled_because: row.disabled_because,
            failing_since: row.failing_since,
            previous_secret_until: row.previous_secret_until,
            created_by: row.created_by,
            created_at: row.created_at,
            changed_at: row.changed_at,
        })
    }
}

/// A webhook endpoint with its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookSecret, example = json!({
    "endpoint": {
        "id": "whe_01k00000000000000000000001", "url": "https://erp.example.com/hooks/netterms",
        "description": "The ERP follows the ledger.", "event_types": ["invoice.posted", "invoice.settled"],
        "status": "enabled", "disabled_because": null, "failing_since": null, "previous_secret_until": null,
        "created_by": "u-17", "created_at": "2026-03-31T08:00:00.000000Z",
        "changed_at": "2026-03-31T08:00:00.000000Z"
    },
    "secret": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
}))]
pub struct WebhookSecretOut {
    endpoint: WebhookEndpointOut,
    /// Verifies what comes, by Standard Webhooks. It is not shown again.
    #[schema(max_length = 200)]
    secret: String,
}

/// What is kept of such an answer: the secret is sealed until it is told.
#[derive(Debug, Serialize, Deserialize)]
pub struct SealedOut {
    endpoint: Value,
    pub secret: String,
}

impl SealedOut {
    pub fn new(row: Endpoint) -> Result<SealedOut, Problem> {
        let secret = row.secret.clone();
        let endpoint = serde_json::to_value(WebhookEndpointOut::new(row)?);
        Ok(SealedOut {
            endpoint: endpoint.map_err(Problem::internal)?,
            secret,
        })
    }
}

/// An event on its way to an endpoint, or delivered, or not to be delivered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookDelivery, example = json!({
    "id": "whd_01k00000000000000000000001", "event_id": "evt_01k00000000000000000000001",
    "event_type": "invoice.posted", "resource_id": "inv_01k00000000000000000000001", "sequence": 4711,
    "status": "pending", "attempts": 2, "attempted_at": "2026-03-31T08:00:05.000000Z", "answer_code": 503,
    "failure": null, "duration_ms": 41, "next_attempt_at": "2026-03-31T08:05:05.000000Z",
    "created_at": "2026-03-31T08:00:00.000000Z", "ended_at": null
}))]
pub struct WebhookDeliveryOut {
    id: WebhookDeliveryId,
    event_id: EventId,
    #[schema(max_length = 64)]
    event_type: String,
    #[schema(max_length = 128)]
    resource_id: String,
    #[schema(minimum = 1)]
    sequence: i64,
    status: DeliveryStatus,
    /// How often it was tried, since it was made or replayed.
    #[schema(minimum = 0)]
    attempts: i32,
    attempted_at: Option<Instant>,
    /// The HTTP status of the last answer.
    #[schema(minimum = 100, maximum = 999)]
    answer_code: Option<i32>,
    /// Why the last attempt had no answer: `timed_out`, `connection_failed`, `address_refused`, `broken_answer`; or
    /// `event_gone`.
    #[schema(max_length = 64)]
    failure: Option<String>,
    /// How long the last attempt took.
    #[schema(minimum = 0)]
    duration_ms: Option<i64>,
    next_attempt_at: Option<Instant>,
    created_at: Instant,
    ended_at: Option<Instant>,
}

impl From<Delivery> for WebhookDeliveryOut {
    fn from(row: Delivery) -> WebhookDeliveryOut {
        WebhookDeliveryOut {
            id: row.id,
            event_id: row.event_id,
            event_type: row.event_type,
            resource_id: row.resource_id,
            sequence: row.seq,
            status: row.status,
            attempts: row.attempts,
            attempted_at: row.attempted_at,
            answer_code: row.answer_code,
            failure: row.failure,
            duration_ms: row.duration_ms,
            next_attempt_at: row.next_attempt_at,
            created_at: row.created_at,
            ended_at: row.ended_at,
        }
    }
}
