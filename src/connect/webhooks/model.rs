//! Endpoints and deliveries as they are stored.

use diesel::prelude::*;
use serde::Serialize;

use crate::platform::db::schema::{webhook_deliveries, webhook_endpoints};
use crate::platform::db::{DbError, read_document};
use crate::platform::events::Position;
use kernel::clock::Instant;
use kernel::columns::text_enum;
use kernel::ids::{EventId, WebhookDeliveryId, WebhookEndpointId};
use kernel::text::{Keyword, Line, Subject};

text_enum! {
    /// Whether events are told to an endpoint.
    pub enum EndpointStatus {
        Enabled = "enabled",
        Disabled = "disabled",
    }
}

text_enum! {
    /// Why an endpoint is switched off.
    pub enum DisabledBecause {
        /// A person did it.
        Asked = "asked",
        /// It received nothing for three days.
        Failing = "failing",
        /// It answered 410: it is not there any more.
        Gone = "gone",
    }
}

text_enum! {
    /// Where a delivery stands.
    pub enum DeliveryStatus {
        /// It is sent, or sent again, when its time comes.
        Pending = "pending",
        /// The endpoint has received it.
        Delivered = "delivered",
        /// It was tried as often as it may be; a person may replay it.
        Dead = "dead",
        /// A replay of the endpoint has taken its place.
        Superseded = "superseded",
    }
}

/// Where events are delivered to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = webhook_endpoints, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Endpoint {
    pub id: WebhookEndpointId,
    pub url: String,
    pub description: Option<Line>,
    /// The types that it wants, as a document; all when there are none.
    pub event_types: String,
    pub status: EndpointStatus,
    pub disabled_because: Option<DisabledBecause>,
    /// Sealed: see `secrets`.
    #[serde(skip)]
    pub secret: String,
    #[serde(skip)]
    pub previous_secret: Option<String>,
    /// Until when the secret before signs as well.
    pub previous_secret_until: Option<Instant>,
    /// Up to where in the log deliveries were made.
    #[serde(skip)]
    pub transaction_id: i64,
    #[serde(skip)]
    pub seq: i64,
    /// Since when nothing was received, though something was sent.
    #[serde(skip)]
    pub failing_since: Option<Instant>,
    pub created_by: Subject,
    pub created_at: Instant,
    pub changed_at: Instant,
    pub version: i64,
}

impl Endpoint {
    /// Up to where in the log deliveries were made.
    pub const fn position(&self) -> Position {
        Position {
            transaction_id: self.transaction_id,
            seq: self.seq,
        }
    }

    /// The types that it wants.
    ///
    /// # Errors
    /// When the document can't be read.
    pub fn types(&self) -> Result<Vec<Keyword>, DbError> {
        read_document(&self.event_types)
    }
}

/// An event on its way to an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = webhook_deliveries, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Delivery {
    pub id: WebhookDeliveryId,
    pub endpoint_id: WebhookEndpointId,
    pub event_id: EventId,
    pub event_type: String,
    pub resource_id: String,
    /// The order of events about one resource.
    pub seq: i64,
    pub status: DeliveryStatus,
    pub attempts: i32,
    pub next_attempt_at: Option<Instant>,
    /// Until when a server has it for itself.
    pub lease_until: Option<Instant>,
    pub attempted_at: Option<Instant>,
    /// The HTTP status of the last answer.
    pub answer_code: Option<i32>,
    /// Why the last attempt failed, when there was no answer.
    pub failure: Option<String>,
    pub duration_ms: Option<i64>,
    pub created_at: Instant,
    pub ended_at: Option<Instant>,
}
