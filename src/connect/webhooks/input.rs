//! What use cases and lists are asked.

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::model::{DeliveryStatus, EndpointStatus};
use crate::platform::http::nullable;
use kernel::clock::Instant;
use kernel::ids::EventId;
use kernel::text::{Keyword, Line, Note};

/// A webhook endpoint to be set up.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "url": "https://erp.example.com/hooks/netterms", "description": "The ERP follows the ledger.",
    "event_types": ["invoice.posted", "invoice.settled", "credit_block.released"]
}))]
pub struct WebhookEndpointIn {
    /// Where events are posted to: `https`, without user name, and nothing inside our own network.
    #[validate(length(min = 8, max = 2000))]
    #[schema(min_length = 8, max_length = 2000)]
    pub url: String,
    pub description: Option<Line>,
    /// The types that it wants; all of them that endpoints are told, also those to come, when there are none. Endpoints are
    /// told what the roles system or admin may read.
    #[serde(default)]
    #[validate(length(max = 200))]
    #[schema(max_items = 200)]
    pub event_types: Vec<Keyword>,
}

/// What is changed of a webhook endpoint.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"event_types": ["invoice.posted", "invoice.cancelled"]}))]
pub struct WebhookEndpointPatch {
    #[validate(length(min = 8, max = 2000))]
    #[schema(min_length = 8, max_length = 2000)]
    pub url: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    pub description: Option<Option<Line>>,
    #[validate(length(max = 200))]
    #[schema(max_items = 200)]
    pub event_types: Option<Vec<Keyword>>,
}

/// How a secret is replaced.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"overlap_hours": 24}))]
pub struct RotateSecretIn {
    /// For how many hours the secret before signs as well, so that the receiver has time to take the new one; 24 when not
    /// given. With 0 it is worthless at once.
    #[validate(range(min = 0, max = 168))]
    #[schema(minimum = 0, maximum = 168)]
    pub overlap_hours: Option<i64>,
}

/// From when on an endpoint is told again.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"from": "2026-03-30T00:00:00Z", "reason": "The receiver lost a day."}))]
pub struct ReplayIn {
    /// What happened at this instant or later is told, in order, whether it was received before or not. What waits and
    /// is older is left out: a late instant skips.
    pub from: Instant,
    pub reason: Note,
}

/// Which endpoints.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WebhookEndpointFilter {
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<EndpointStatus>,
}

/// Which deliveries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeliveryFilter {
    #[serde(default)]
    #[param(max_items = 10)]
    pub status: Vec<DeliveryStatus>,
    /// Of events of these types.
    #[serde(default)]
    #[param(max_items = 100)]
    pub event_type: Vec<Keyword>,
    /// Of these events.
    #[serde(default)]
    #[param(max_items = 100)]
    pub event_id: Vec<EventId>,
}
