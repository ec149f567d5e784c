//! `GET /v1/trail`: auditors read it whole, others what events tell.

use actix_web::{HttpRequest, get, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::platform::events::types::tell;
use crate::platform::events::{EventType, EventTypes};
use crate::platform::http::auth::ReadTrail;
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{Actor, Executor, Listing, Outcome};
use crate::platform::trail::input::TrailFilter;
use crate::platform::trail::model::TrailEntry;
use crate::platform::trail::{rules, store};
use kernel::caller::Role;
use kernel::clock::Instant;
use kernel::ids::TrailEntryId;

pub fn routes(config: &mut ServiceConfig) {
    config.service(list_trail_entries);
}

/// One change of the book: who, when, what, before, after, why.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrailEntry, example = json!({
    "seq": 1, "id": "trl_01k00000000000000000000001", "at": "2026-03-31T08:00:00.000000Z", "subject": "u-17",
    "issuer": "netterms", "client_id": "netterms-cli", "roles": ["credit"], "action": "customer.created",
    "entity_id": "cus_01k00000000000000000000001", "before": null, "after": {"number": "C-1001"}, "reason": null,
    "request_id": "01k5q0x3"
}))]
pub struct TrailEntryOut {
    /// The place in the order of writing.
    #[schema(minimum = 1)]
    seq: i64,
    id: TrailEntryId,
    at: Instant,
    #[schema(max_length = 128)]
    subject: String,
    #[schema(max_length = 500)]
    issuer: String,
    #[schema(max_length = 500)]
    client_id: String,
    #[schema(max_items = 10, max_length = 20)]
    roles: Vec<String>,
    /// `<thing>.<what happened>`.
    #[schema(max_length = 64)]
    action: String,
    #[schema(max_length = 128)]
    entity_id: String,
    /// The thing as it was, amounts as everywhere: `{"amount": "600.00", "currency": "CNY"}`; null when it is new.
    before: Option<serde_json::Value>,
    /// The thing as it became.
    after: Option<serde_json::Value>,
    #[schema(max_length = 4000)]
    reason: Option<String>,
    #[schema(max_length = 128)]
    request_id: String,
}

impl TrailEntryOut {
    /// The entry as a reader sees it: whole, or as much of it as its type of events tells.
    fn new(entry: TrailEntry, sight: &Sight) -> TrailEntryOut {
        let document = |text: Option<String>| match sight {
            Sight::All => {
                let written = text.and_then(|text| serde_json::from_str(&text).ok());
                written.map(rules::with_money)
            }
            Sight::Told(types) => {
                let of = types.find(&entry.action)?;
                text.map(|text| tell(of.payload, None, Some(&text)))
            }
        };
        TrailEntryOut {
            seq: entry.seq,
            id: entry.id,
            at: entry.at,
            subject: entry.subject,
            issuer: entry.issuer,
            client_id: entry.client_id,
            roles: entry.roles.split_whitespace().map(str::to_owned).collect(),
            before: document(entry.before),
            after: document(entry.after),
            action: entry.action,
            entity_id: entry.entity_id,
            reason: entry.reason,
            request_id: entry.request_id,
        }
    }
}

/// What somebody sees of the trail.
enum Sight {
    All,
    /// Entries that are events whose permission the reader has, with the members that their type tells.
    Told(EventTypes),
}

/// Read the audit trail
///
/// Every change of the book in the order of writing: who, when, what, before, after and why. Entries are never
/// changed or deleted; the database itself refuses. Auditors read it whole. Credit, finance and admins read the entries
/// that are events which their role may read, and of `before` and `after` the members that the type of event tells. So does
/// an API key of an auditor, of the events that its scopes let it read.
#[utoipa::path(
    tag = "trail",
    params(Listing<TrailFilter>),
    responses((status = 200, description = "One page of entries.", body = PageOut<TrailEntryOut>)),
    security(("bearer" = ["trail:read"]))
)]
#[get("/v1/trail")]
pub async fn list_trail_entries(
    actor: Actor<ReadTrail>,
    listing: Listing<TrailFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
    types: web::Data<EventTypes>,
) -> Outcome {
    let (sight, seen) = if actor.has_any(&[Role::Auditor]) && actor.scopes.is_none() {
        (Sight::All, None)
    } else {
        let may = |of: &&EventType| actor.has_any(of.roles) && actor.has_scope(of.permission);
        let readable = types.all().filter(may);
        let seen: Vec<&'static str> = readable.map(|of| of.action).collect();
        (Sight::Told(**types), Some(seen))
    };
    let page = executor
        .read(move |db| store::list(db, &listing.filter, seen.as_deref(), &listing.page))
        .await?;
    Ok(page
        .map(|entry| TrailEntryOut::new(entry, &sight))
        .into_response(&request, &cursors))
}
