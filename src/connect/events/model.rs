//! What an event tells.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

pub use crate::platform::events::EventTypes;
use kernel::clock::Instant;
use kernel::ids::{CustomerId, EventId};
use kernel::text::Number;

/// Something that happened.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "evt_01k00000000000000000000001", "type": "invoice.posted", "version": 1,
    "timestamp": "2026-03-31T08:00:00.000000Z", "sequence": 4711,
    "resource_id": "inv_01k00000000000000000000001", "customer_id": "cus_01k00000000000000000000001",
    "customer_number": "C-1001", "data": {"number": "I-2026-0001", "status": "open"}
}))]
pub struct Event {
    /// The same wherever the event is told, and however often: receivers know by it what they have had.
    pub id: EventId,
    /// What happened. The document's `webhooks` list the types, each with its `data`; new ones may come.
    #[schema(max_length = 64)]
    pub r#type: &'static str,
    /// The version of `data`.
    #[schema(minimum = 1)]
    pub version: i32,
    /// When it happened.
    pub timestamp: Instant,
    /// Ascends with each event about the same resource: one that is lower than what was had already is old.
    #[schema(minimum = 1)]
    pub sequence: i64,
    /// What it happened to: an id, or the code of a thing that has none.
    #[schema(max_length = 128)]
    pub resource_id: String,
    /// The customer that it concerns.
    pub customer_id: Option<CustomerId>,
    pub customer_number: Option<Number>,
    /// The resource as it became, or as it was when it is gone; which members it has is said by its type.
    #[schema(value_type = Object)]
    pub data: Value,
    /// The request that it happened in: not told, but webhooks carry its trace on.
    #[serde(skip)]
    pub request_id: String,
}
