//! What use cases and lists are asked.

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::model::{Contact, Customer, CustomerRef, LegalStatus};
use crate::book::customers::model::written_to;
use crate::platform::http::nullable;
use kernel::clock::Day;
use kernel::places::{Country, Language};
use kernel::text::{EmailList, Keyword, Line, Note, Number, Subject};

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
    /// The customer whose group this one belongs to.
    pub parent_customer: Option<CustomerRef>,
}

/// What another system calls a customer.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CustomerAliasIn, example = json!({"source_system": "sap", "alias": "D-1001"}))]
pub struct AliasIn {
    /// The other system, by a code of your own; shipped mappings have `sap`, `datev`, `kingdee`, `yonyou`, `odoo` and
    /// `china_digital_invoices`.
    pub source_system: Keyword,
    /// The customer's number there.
    pub alias: Number,
}

/// Which aliases of a customer, the oldest first.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AliasFilter {
    /// What these systems call it.
    #[serde(default)]
    #[param(max_items = 20)]
    pub source_system: Vec<Keyword>,
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
        customer.contacts = written_to(
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
    pub parent_customer: Option<CustomerRef>,
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
