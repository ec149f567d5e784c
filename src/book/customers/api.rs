//! `/v1/customers`.

use actix_web::{HttpRequest, get, post, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use super::actions::{self, CustomerError};
use super::model::{Contact, Customer, CustomerRef, LegalStatus};
use super::rules::{self, SinceError};
use super::store;
use kernel::caller::Caller;
use kernel::clock::{Day, Instant};
use kernel::ids::CustomerId;
use kernel::places::{Country, Language};
use kernel::text::{Email, EmailList, Line, Note, Number, Subject};
use crate::platform::db::{Db, DbError};
use crate::platform::http::auth::{EditCustomers, ReadCustomers};
use crate::platform::http::page::{CursorKey, PageOut, PageParams};
use crate::platform::http::{
    Actor, Answer, Code, Command, Doors, Listing, Outcome, Problem, nullable,
};

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(create_customer)
        .service(list_customers)
        .service(find_customer);
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
    doors: web::Data<Doors>,
) -> Outcome {
    doors
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
    params(CustomerFilter, PageParams),
    responses((status = 200, description = "One page of customers.", body = PageOut<CustomerOut>)),
    security(("bearer" = ["customers:read"]))
)]
#[get("/v1/customers")]
pub async fn list_customers(
    actor: Actor<ReadCustomers>,
    listing: Listing<CustomerFilter>,
    request: HttpRequest,
    doors: web::Data<Doors>,
    cursors: web::Data<CursorKey>,
) -> Outcome {
    let page = doors
        .read(move |db| {
            let Listing { filter, page } = listing;
            let mut rows = store::list(db, &actor, &filter, &page)?;
            store::hide_foreign_parents(db, &actor, &mut rows)?;
            Ok(page.cut(rows, |row| {
                let key = match filter.sort.unwrap_or_default() {
                    CustomerSort::Number | CustomerSort::NumberDescending => row.number.to_string(),
                    CustomerSort::Name | CustomerSort::NameDescending => row.name.to_string(),
                };
                (key, row.id.to_string())
            }))
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
    params(("customer" = Number, Path, description = "The customer's id or number.")),
    responses((status = 200, description = "The customer.", body = CustomerOut)),
    security(("bearer" = ["customers:read"]))
)]
#[get("/v1/customers/{customer}")]
pub async fn find_customer(
    actor: Actor<ReadCustomers>,
    customer: web::Path<CustomerRef>,
    doors: web::Data<Doors>,
) -> Outcome {
    let answer = doors
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

/// A new customer.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "number": "C-1001", "name": "Jiangnan Trading Co.", "country": "CN", "industry": "Steel", "street": "88 Renmin Road",
    "city": "Suzhou", "postal_code": "215000", "email": "ap@jiangnan.example",
    "contacts": [{"email": "cfo@jiangnan.example", "purpose": "reminders"}], "language": "zh-CN", "owner": "u-17"
}))]
pub struct CustomerIn {
    pub number: Number,
    pub name: Line,
    pub country: Country,
    /// What it trades in, by your organisation's own list.
    pub industry: Option<Line>,
    pub street: Option<Line>,
    pub city: Option<Line>,
    pub postal_code: Option<Line>,
    /// Where invoices go: one address, or several with commas or semicolons between. The same as contacts for
    /// `invoices`.
    pub email: Option<EmailList>,
    /// Addresses, each with what it is for.
    #[validate(length(max = 20))]
    #[schema(max_items = 20)]
    pub contacts: Option<Vec<Contact>>,
    /// The language of letters to the customer; English when not given.
    pub language: Option<Language>,
    /// The salesperson's subject; what sales create is theirs.
    pub owner: Option<Subject>,
    /// The customer whose group this one belongs to, by id or number.
    #[schema(value_type = Option<Number>)]
    pub parent_customer: Option<CustomerRef>,
}

/// What is to change on a customer.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "Jiangnan Trading Group", "email": null}))]
pub struct CustomerPatch {
    pub name: Option<Line>,
    pub country: Option<Country>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Line>)]
    pub industry: Option<Option<Line>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Line>)]
    pub street: Option<Option<Line>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Line>)]
    pub city: Option<Option<Line>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Line>)]
    pub postal_code: Option<Option<Line>>,
    /// Where invoices go, instead of all contacts for `invoices`; null for nowhere.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<EmailList>)]
    pub email: Option<Option<EmailList>>,
    /// Addresses instead of all that there are.
    #[validate(length(max = 20))]
    #[schema(max_items = 20)]
    pub contacts: Option<Vec<Contact>>,
    pub language: Option<Language>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Subject>)]
    pub owner: Option<Option<Subject>>,
}

impl CustomerPatch {
    /// Puts what the patch names into the customer.
    pub fn apply_to(&self, customer: &mut Customer) {
        fn put<T: Clone>(field: &mut T, value: Option<&T>) {
            if let Some(value) = value {
                field.clone_from(value);
            }
        }
        put(&mut customer.name, self.name.as_ref());
        put(&mut customer.country, self.country.as_ref());
        put(&mut customer.industry, self.industry.as_ref());
        put(&mut customer.street, self.street.as_ref());
        put(&mut customer.city, self.city.as_ref());
        put(&mut customer.postal_code, self.postal_code.as_ref());
        customer.contacts = rules::written_to(
            &customer.contacts,
            self.contacts.as_ref(),
            self.email.as_ref().map(Option::as_ref),
        );
        put(&mut customer.language, self.language.as_ref());
        put(&mut customer.owner, self.owner.as_ref());
    }
}

/// How far the law has come in on a customer.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "status": "insolvent", "since": "2026-03-20", "reason": "The court of Suzhou has opened proceedings."
}))]
pub struct LegalStatusIn {
    pub status: LegalStatus,
    /// From which day it holds; no day in the future.
    pub since: Option<Day>,
    pub reason: Note,
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

/// Which customers, and in which order.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CustomerFilter {
    /// A part of the name or number.
    pub q: Option<Line>,
    /// Customers with these numbers.
    #[serde(default)]
    #[param(max_items = 100)]
    pub number: Vec<Number>,
    /// Customers of these salespeople.
    #[serde(default)]
    #[param(max_items = 100)]
    pub owner: Vec<Subject>,
    /// Customers in these countries.
    #[serde(default)]
    #[param(max_items = 100)]
    pub country: Vec<Country>,
    /// Customers with this legal status.
    #[serde(default)]
    #[param(max_items = 5)]
    pub legal_status: Vec<LegalStatus>,
    /// Customers right below this one in its group.
    pub parent_customer_id: Option<CustomerId>,
    /// By number when not given.
    #[param(inline)]
    pub sort: Option<CustomerSort>,
}

/// The orders that a list of customers may have.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
pub enum CustomerSort {
    #[default]
    #[serde(rename = "number")]
    Number,
    #[serde(rename = "-number")]
    NumberDescending,
    #[serde(rename = "name")]
    Name,
    #[serde(rename = "-name")]
    NameDescending,
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
