//! `/v1/customers/{customer}/aliases`.

use actix_web::{HttpRequest, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::book::customers::actions::{self, CustomerError};
use crate::book::customers::input::{AliasFilter, AliasIn};
use crate::book::customers::model::{CustomerAlias, CustomerRef};
use crate::book::customers::store::{self, aliases};
use crate::platform::http::auth::{NameAliases, ReadCustomers};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{Actor, Answer, Command, Executor, IfMatch, Listing, Nothing, Outcome};
use kernel::clock::Instant;
use kernel::ids::{CustomerAliasId, CustomerId};
use kernel::text::{Keyword, Number, Subject};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(list_customer_aliases)
        .service(add_customer_alias)
        .service(remove_customer_alias);
}

/// A customer and an alias of it, in a path.
#[derive(Debug, Clone, Deserialize)]
pub struct OfCustomer {
    pub customer: CustomerRef,
    pub id: CustomerAliasId,
}

impl IntoParams for OfCustomer {
    fn into_params(at: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut all = CustomerRef::into_params(&at);
        all.extend(CustomerAliasId::into_params(&at));
        all
    }
}

/// List aliases of a customer
///
/// What other systems call it, the oldest first.
#[utoipa::path(
    tag = "customers",
    params(CustomerRef, Listing<AliasFilter>),
    responses((status = 200, description = "One page of aliases.", body = PageOut<CustomerAliasOut>)),
    security(("bearer" = ["customers:read"]))
)]
#[get("/v1/customers/{customer}/aliases")]
pub async fn list_customer_aliases(
    actor: Actor<ReadCustomers>,
    customer: web::Path<CustomerRef>,
    listing: Listing<AliasFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let found = store::find_visible(db, &actor, &customer)?;
            let customer = found.ok_or(CustomerError::Missing)?.id;
            aliases::list_aliases(db, customer, &listing.filter, &listing.page)
        })
        .await?;
    Ok(page
        .map(CustomerAliasOut::from)
        .into_response(&request, &cursors))
}

/// Add an alias of a customer
///
/// The number that a source system has for the customer. No other customer has it there. Import files of that system
/// (`source_system`) find the customer by it.
#[utoipa::path(
    tag = "customers",
    params(CustomerRef),
    request_body = AliasIn,
    responses((status = 201, description = "The alias.", body = CustomerAliasOut)),
    security(("bearer" = ["customers:aliases"]))
)]
#[post("/v1/customers/{customer}/aliases")]
pub async fn add_customer_alias(
    actor: Actor<NameAliases>,
    customer: web::Path<CustomerRef>,
    command: Command<AliasIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, input| {
            let alias = actions::add_alias(tx, &customer, input)?;
            let location = format!("/v1/customers/{}/aliases", alias.customer_id);
            let version = alias.version;
            Ok(Answer::created(&CustomerAliasOut::from(alias), location)?.version(version))
        })
        .await
}

/// Remove an alias of a customer
///
/// Files of the source system find the customer no more by it; documents that came by it stay. Answers what the alias was.
#[utoipa::path(
    tag = "customers",
    params(OfCustomer, IfMatch),
    request_body = Nothing,
    responses((status = 200, description = "What the alias was.", body = CustomerAliasOut)),
    security(("bearer" = ["customers:aliases"]))
)]
#[post("/v1/customers/{customer}/aliases/{id}/remove")]
pub async fn remove_customer_alias(
    actor: Actor<NameAliases>,
    of: web::Path<OfCustomer>,
    version: IfMatch,
    command: Command<Nothing>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, move |tx, _| {
            let alias = actions::remove_alias(tx, &of.customer, of.id, version.0)?;
            let version = alias.version;
            Ok(Answer::ok(&CustomerAliasOut::from(alias))?.version(version))
        })
        .await
}

/// What another system calls a customer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CustomerAlias, example = json!({
    "id": "cal_01k00000000000000000000001", "customer_id": "cus_01k00000000000000000000001", "source_system": "sap",
    "alias": "D-1001", "created_by": "u-17", "created_at": "2026-03-31T08:00:00.000000Z"
}))]
pub struct CustomerAliasOut {
    id: CustomerAliasId,
    customer_id: CustomerId,
    source_system: Keyword,
    alias: Number,
    created_by: Subject,
    created_at: Instant,
}

impl From<CustomerAlias> for CustomerAliasOut {
    fn from(row: CustomerAlias) -> CustomerAliasOut {
        CustomerAliasOut {
            id: row.id,
            customer_id: row.customer_id,
            source_system: row.source_system,
            alias: row.alias,
            created_by: row.created_by,
            created_at: row.created_at,
        }
    }
}
