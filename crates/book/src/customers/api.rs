//! `/v1/customers`.

mod aliases;

use actix_web::{HttpRequest, get, post, web};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::actions::CustomerError;
use super::model::{Contact, Customer, CustomerRef, LegalStatus};
use super::rules::SinceError;
use super::{actions, store};
use crate::book::customers::input::{CustomerFilter, CustomerIn};
use crate::platform::db::{Db, DbError};
use crate::platform::http::auth::{EditCustomers, ReadCustomers};
use crate::platform::http::page::{CursorKey, PageOut};
use crate::platform::http::{Actor, Answer, Code, Command, Executor, Listing, Outcome, Problem};
use kernel::caller::Caller;
use kernel::clock::Instant;
use kernel::ids::CustomerId;
use kernel::places::{Country, Language};
use kernel::text::{Email, Line, Number, Subject};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(create_customer)
        .service(list_customers)
        .service(find_customer)
        .configure(aliases::routes);
}

/// Create a customer
///
/// Sales create customers of their own; credit and finance may name any owner. The number is the ERP's, and from
/// then on names the customer as well as its id does.
#[utoipa::path(
    tag = "customers",
    request_body = CustomerIn,
    responses((status = 201, description = "The customer.", body = CustomerOut)),
    security(("bearer" = ["customers:edit"]))
)]
#[post("/v1/customers")]
pub async fn create_customer(
    actor: Actor<EditCustomers>,
    command: Command<CustomerIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    executor
        .once(&actor, command, |tx, input| {
            let customer = actions::create(tx, input)?;
            let location = format!("/v1/customers/{}", customer.id);
            let version = customer.version;
            let caller = tx.caller();
            let shown = CustomerOut::told(tx, caller, customer)?;
            Ok(Answer::created(&shown, location)?.version(version))
        })
        .await
}

/// List customers
///
/// The customers that you may see: sales theirs, everybody else all. `q` searches in names and numbers.
#[utoipa::path(
    tag = "customers",
    params(Listing<CustomerFilter>),
    responses((status = 200, description = "One page of customers.", body = PageOut<CustomerOut>)),
    security(("bearer" = ["customers:read"]))
)]
#[get("/v1/customers")]
pub async fn list_customers(
    actor: Actor<ReadCustomers>,
    listing: Listing<CustomerFilter>,
    request: HttpRequest,
    executor: web::Data<Executor>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = executor
        .read(move |db| {
            let mut page = store::list(db, &actor, &listing.filter, &listing.page)?;
            store::hide_foreign_parents(db, &actor, &mut page.items)?;
            Ok(page)
        })
        .await?;
    Ok(page
        .map(CustomerOut::from)
        .into_response(&request, &cursors))
}

/// Read a customer
///
/// By id or by number.
#[utoipa::path(
    tag = "customers",
    params(CustomerRef),
    responses((status = 200, description = "The customer.", body = CustomerOut)),
    security(("bearer" = ["customers:read"]))
)]
#[get("/v1/customers/{customer}")]
pub async fn find_customer(
    actor: Actor<ReadCustomers>,
    customer: web::Path<CustomerRef>,
    executor: web::Data<Executor>,
) -> Outcome {
    let answer = executor
        .read(move |db| {
            let found = store::find_visible(db, &actor, &customer)?;
            let customer = found.ok_or(CustomerError::Missing)?;
            customer_answer(db, &actor, customer)
        })
        .await?;
    Ok(answer.into_response())
}

/// One customer as its reader may see it, with its ETag: what every operation that ends in a customer answers.
///
/// # Errors
/// When the database fails.
pub fn customer_answer(
    db: &mut Db,
    reader: &Caller,
    customer: Customer,
) -> Result<Answer, Problem> {
    let version = customer.version;
    let shown = CustomerOut::told(db, reader, customer)?;
    Ok(Answer::ok(&shown)?.version(version))
}

/// A customer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Customer, example = json!({
    "id": "cus_01k00000000000000000000001", "number": "C-1001", "name": "Jiangnan Trading Co.", "country": "CN",
    "industry": "Steel", "street": "88 Renmin Road", "city": "Suzhou", "postal_code": "215000", "email": "ap@jiangnan.example",
    "contacts": [{"email": "ap@jiangnan.example", "purpose": "invoices"}, {"email": "cfo@jiangnan.example", "purpose": "reminders"}],
    "language": "zh-CN", "owner": "u-17", "parent_customer_id": null, "legal_status": "none", "legal_status_since": null,
    "created_at": "2026-03-31T08:00:00.000000Z",
    "changed_at": "2026-03-31T08:00:00.000000Z"
}))]
pub struct CustomerOut {
    id: CustomerId,
    number: Number,
    name: Line,
    country: Country,
    industry: Option<Line>,
    street: Option<Line>,
    city: Option<Line>,
    postal_code: Option<Line>,
    /// The first address for invoices.
    email: Option<Email>,
    #[schema(max_items = 40)]
    contacts: Vec<Contact>,
    language: Language,
    owner: Option<Subject>,
    /// The head of the group right above it; null without one, and for sales when it is not their own.
    parent_customer_id: Option<CustomerId>,
    legal_status: LegalStatus,
    /// From which day it holds; null when nobody said.
    legal_status_since: Option<NaiveDate>,
    created_at: Instant,
    changed_at: Instant,
}

impl CustomerOut {
    /// The customer as its reader may see it.
    fn told(db: &mut Db, reader: &Caller, mut customer: Customer) -> Result<CustomerOut, DbError> {
        store::hide_foreign_parents(db, reader, std::slice::from_mut(&mut customer))?;
        Ok(CustomerOut::from(customer))
    }
}

impl From<Customer> for CustomerOut {
    fn from(customer: Customer) -> CustomerOut {
        CustomerOut {
            id: customer.id,
            number: customer.number,
            name: customer.name,
            country: customer.country,
            industry: customer.industry,
            street: customer.street,
            city: customer.city,
            postal_code: customer.postal_code,
            email: customer.contacts.invoices().cloned(),
            contacts: customer.contacts.into_vec(),
            language: customer.language,
            owner: customer.owner,
            parent_customer_id: customer.parent_customer_id,
            legal_status: customer.legal_status,
            legal_status_since: customer.legal_status_since,
            created_at: customer.created_at,
            changed_at: customer.changed_at,
        }
    }
}

impl From<CustomerError> for Problem {
    fn from(error: CustomerError) -> Problem {
        match error {
            CustomerError::Missing => Problem::not_found("customer"),
            CustomerError::NoSuchParent => Problem::invalid(
                "/parent_customer",
                "unknown_customer",
                "There is no such customer.",
            ),
            CustomerError::NumberTaken(number) => Problem::new(Code::DuplicateNumber)
                .with("thing", "customer")
                .with("number", number),
            CustomerError::AliasTaken(alias) => Problem::new(Code::DuplicateNumber)
                .with("thing", "alias")
                .with("number", alias),
            CustomerError::NoSuchAlias => Problem::not_found("alias"),
            CustomerError::Group(error) => Problem::invalid("/parent_customer", "group", error),
            CustomerError::NotOwn => Problem::invalid(
                "/owner",
                "not_own",
                "Sales can name only themselves as owner.",
            ),
            CustomerError::LegalStatus(error) => {
                let code = match error {
                    SinceError::InFuture(_) => "in_future",
                    SinceError::SinceNothing => "not_allowed",
                };
                Problem::invalid("/since", code, error)
            }
            CustomerError::Stale => Problem::new(Code::Stale),
            CustomerError::Db(error) => error.into(),
        }
    }
}
