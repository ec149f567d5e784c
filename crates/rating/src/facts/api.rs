//! `/v1/customers/{customer}/facts`.

use actix_web::{HttpRequest, get, post, web};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::FactError;
use super::model::{CustomerFact, value_schema};
use super::{actions, store};
use crate::book::customers::model::CustomerRef;
use crate::platform::db::DbError;
use crate::platform::http::auth::{ReadFacts, RecordFacts};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{Actor, Answer, Command, Executor, Listing, Outcome, Problem};
use crate::rating::facts::input::{FactFilter, FactIn};
use kernel::clock::Instant;
use kernel::ids::{CustomerFactId, CustomerId, ExpertPanelId};
use kernel::text::{Note, Source, Subject};
use methods::scoring::Value;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(record_customer_fact)
        .service(list_customer_facts);
}

/// Say what is known of a customer
///
/// Answers one indicator of the catalogue whose origin is `facts`: a number within its bounds, or one of its answers. It
/// says where you have it from, and for which day it holds; from then on, until it expires, it is the indicator's value
/// unless somebody says something newer. Nothing is overwritten.
#[utoipa::path(
    tag = "facts",
    params(CustomerRef),
    request_body = FactIn,
    responses((status = 201, description = "What was said.", body = FactOut)),
    security(("bearer" = ["facts:record"]))
)]
#[post("/v1/customers/{customer}/facts")]
pub async fn record_customer_fact(
    actor: Actor<RecordFacts>,
    customer: web::Path<CustomerRef>,
    command: Command<FactIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let fact = actions::record(tx, &customer, &input.new_fact())?;
            let location = format!("/v1/customers/{}/facts", fact.customer_id);
            Answer::created(&FactOut::new(fact)?, location)
        })
        .await
}

/// List what was said of a customer
///
/// All of it, the newest first, also what has expired. Sales read what they said themselves.
#[utoipa::path(
    tag = "facts",
    params(CustomerRef, Listing<FactFilter>),
    responses((status = 200, description = "One page of facts.", body = PageOut<FactOut>)),
    security(("bearer" = ["facts:read"]))
)]
#[get("/v1/customers/{customer}/facts")]
pub async fn list_customer_facts(
    actor: Actor<ReadFacts>,
    customer: web::Path<CustomerRef>,
    listing: Listing<FactFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let customer = actions::find_customer(db, &actor, &customer)?;
            let page = store::list(db, &actor, customer.id, &listing.filter, &listing.page)?;
            Ok(page.try_map(FactOut::new)?)
        })
        .await?;
    Ok(page.into_response(&request, &cursors))
}

/// What somebody said of a customer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CustomerFact, example = json!({
    "id": "fct_01k00000000000000000000001", "customer_id": "cus_01k00000000000000000000001",
    "indicator": "MARKET_SHARE", "value": 0.12, "source": "Trade association", "as_of": "2026-03-31",
    "expires_on": "2027-03-31", "note": "Of the Yangtze delta.", "said_by": "u-17",
    "said_at": "2026-03-31T08:00:00.000000Z", "panel_id": null
}))]
pub struct FactOut {
    id: CustomerFactId,
    customer_id: CustomerId,
    #[schema(max_length = 64)]
    indicator: String,
    #[schema(schema_with = value_schema)]
    value: Value,
    source: Source,
    as_of: NaiveDate,
    /// The last day on which it is used.
    expires_on: NaiveDate,
    note: Option<Note>,
    said_by: Subject,
    said_at: Instant,
    /// The panel of experts that came to it; null when one person says so.
    panel_id: Option<ExpertPanelId>,
}

impl FactOut {
    fn new(fact: CustomerFact) -> Result<FactOut, DbError> {
        Ok(FactOut {
            value: fact.value()?,
            id: fact.id,
            customer_id: fact.customer_id,
            indicator: fact.indicator,
            source: fact.source,
            as_of: fact.as_of,
            expires_on: fact.expires_on,
            note: fact.note,
            said_by: fact.said_by,
            said_at: fact.said_at,
            panel_id: fact.panel_id,
        })
    }
}

impl From<FactError> for Problem {
    fn from(error: FactError) -> Problem {
        match error {
            FactError::NoCustomer => Problem::not_found("customer"),
            FactError::NoIndicator(_) => Problem::invalid("/indicator", "unknown_indicator", error),
            FactError::NoAnswer(why) => Problem::invalid("/value", "no_answer", why),
            FactError::InFuture(_) => Problem::invalid("/as_of", "in_future", error),
            FactError::ExpiresBefore => Problem::invalid("/expires_on", "expires_before", error),
            FactError::Db(error) => error.into(),
        }
    }
}
