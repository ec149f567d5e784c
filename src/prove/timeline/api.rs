//! `/v1/customers/{customer}/timeline`.

use actix_web::{HttpRequest, get, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::input::TimelineFilter;
use super::model::Line;
use super::{rules, store};
use crate::book::customers::model::CustomerRef;
use crate::book::customers::store as customers;
use crate::platform::events::EventTypes;
use crate::platform::http::auth::ReadTimelines;
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{AcceptLanguage, Actor, Executor, Listing, Outcome, Problem};
use kernel::clock::Instant;
use kernel::places::Language;

pub fn routes(config: &mut ServiceConfig) {
    config.service(list_customer_timeline);
}

/// Read a customer's timeline
///
/// What has happened with a customer, the newest first: a sentence for each event in your language, who did it, and where
/// the thing can be read. You see the types of events that your role may read; sales their own customers. What happens is
/// here a moment later.
#[utoipa::path(
    tag = "customers",
    params(CustomerRef, Listing<TimelineFilter>),
    responses((status = 200, description = "One page of the timeline.", body = PageOut<TimelineLineOut>)),
    security(("bearer" = ["timelines:read"]))
)]
#[get("/v1/customers/{customer}/timeline")]
pub async fn list_customer_timeline(
    actor: Actor<ReadTimelines>,
    customer: web::Path<CustomerRef>,
    listing: Listing<TimelineFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    (cursors, types): (web::Data<CursorKey>, web::Data<EventTypes>),
    language: AcceptLanguage,
) -> Outcome {
    let types = **types;
    let page = executor
        .read(move |db| {
            let found = customers::find_visible(db, &actor, &customer)?;
            let customer = found.ok_or_else(|| Problem::not_found("customer"))?;
            let seen = rules::seen(types, &actor, &listing.filter.r#type);
            store::list(db, customer.id, &seen, &listing.filter, &listing.page)
        })
        .await?;
    Ok(page
        .map(|line| TimelineLineOut::new(line, types, language.0))
        .into_response(&request, &cursors))
}

/// One thing that has happened with a customer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TimelineLine, example = json!({
    "sequence": 4711, "at": "2026-03-31T08:00:00.000000Z", "actor": "u-31", "type": "invoice.posted",
    "sentence": "An invoice was posted.", "resource_id": "inv_01k00000000000000000000001",
    "link": "/v1/invoices/inv_01k00000000000000000000001"
}))]
pub struct TimelineLineOut {
    /// The place in the log; events about one resource ascend by it.
    #[schema(minimum = 1)]
    sequence: i64,
    at: Instant,
    /// Who did it; `netterms` where nobody did.
    #[schema(max_length = 128)]
    actor: String,
    /// The type of event; the document's `webhooks` list them.
    #[schema(max_length = 64)]
    r#type: String,
    /// What happened, in your language.
    #[schema(max_length = 500)]
    sentence: String,
    /// What it happened to.
    #[schema(max_length = 128)]
    resource_id: String,
    /// Where that can be read; null where it has no place of its own.
    #[schema(max_length = 200)]
    link: Option<String>,
}

impl TimelineLineOut {
    fn new(line: Line, types: EventTypes, language: Language) -> TimelineLineOut {
        TimelineLineOut {
            sequence: line.seq,
            at: line.at,
            actor: line.subject,
            sentence: rules::sentence(types, &line.action, language).to_owned(),
            link: rules::link(&line.entity_id),
            r#type: line.action,
            resource_id: line.entity_id,
        }
    }
}
