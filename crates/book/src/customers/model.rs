//! The customer as it is stored and named.

mod aliases;

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;
use utoipa::openapi::RefOr;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::Schema;
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::platform::db::schema::customers;
use kernel::clock::Instant;
use kernel::columns::{text_column, text_enum};
use kernel::ids::{CustomerId, in_path};
use kernel::places::{Country, Language};
use kernel::text::{Email, EmailList, Line, Number, Subject};

pub use aliases::CustomerAlias;

/// The deepest that groups may be nested.
pub const GROUP_DEPTH_MAX: usize = 8;

text_enum! {
    /// How far the law has come in on a customer.
    #[derive(Default)]
    pub enum LegalStatus {
        /// Nothing is known to be before a court.
        #[default]
        None = "none",
        /// A court case of ours or of another creditor is open.
        Sued = "sued",
        /// A judgment stands against the customer and is not fulfilled.
        Judgment = "judgment",
        /// Insolvency proceedings have been filed for or opened.
        Insolvent = "insolvent",
        /// Struck off the register, or in liquidation.
        Dissolved = "dissolved",
    }
}

/// A customer.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = customers, treat_none_as_default_value = false, treat_none_as_null = true)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct Customer {
    pub id: CustomerId,
    /// The number that the ERP gave it.
    #[diesel(skip_update)]
    pub number: Number,
    pub name: Line,
    /// Name and number, folded for search.
    #[serde(skip)]
    pub search_key: String,
    pub country: Country,
    /// What it trades in, by the organisation's own list.
    pub industry: Option<Line>,
    pub street: Option<Line>,
    pub city: Option<Line>,
    pub postal_code: Option<Line>,
    /// The language of letters to it.
    pub language: Language,
    /// The salesperson who is responsible for it.
    pub owner: Option<Subject>,
    pub parent_customer_id: Option<CustomerId>,
    #[diesel(skip_update)]
    pub created_at: Instant,
    #[diesel(skip_update)]
    pub changed_at: Instant,
    #[diesel(skip_update)]
    pub version: i64,
    pub legal_status: LegalStatus,
    /// From which day it holds, when that was said.
    pub legal_status_since: Option<NaiveDate>,
    pub contacts: Contacts,
}

text_enum! {
    /// What letters to an address are about.
    pub enum ContactPurpose {
        Invoices = "invoices",
        Reminders = "reminders",
        Statements = "statements",
        Orders = "orders",
        Other = "other",
    }
}

/// An address of a customer, and what it is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "ap@jiangnan.example", "purpose": "invoices"}))]
pub struct Contact {
    pub email: Email,
    pub purpose: ContactPurpose,
}

/// The addresses of a customer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Contacts(Vec<Contact>);

impl Contacts {
    /// Each address once for each purpose.
    pub fn new(given: impl IntoIterator<Item = Contact>) -> Contacts {
        let mut contacts = Vec::new();
        for contact in given {
            if !contacts.contains(&contact) {
                contacts.push(contact);
            }
        }
        Contacts(contacts)
    }

    /// The same, with these addresses for invoices, in front, instead of those that were.
    #[must_use]
    pub fn with_invoices_to(&self, emails: &[Email]) -> Contacts {
        let purpose = ContactPurpose::Invoices;
        let invoices = emails
            .iter()
            .cloned()
            .map(|email| Contact { email, purpose });
        let others = self.0.iter().filter(|contact| contact.purpose != purpose);
        Contacts::new(invoices.chain(others.cloned()))
    }

    /// The first address for invoices.
    pub fn invoices(&self) -> Option<&Email> {
        let for_invoices = |contact: &&Contact| contact.purpose == ContactPurpose::Invoices;
        self.0
            .iter()
            .find(for_invoices)
            .map(|contact| &contact.email)
    }

    pub fn into_vec(self) -> Vec<Contact> {
        self.0
    }
}

text_column!(@shown Contacts);

impl std::fmt::Display for Contacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = serde_json::to_string(self).map_err(|_| std::fmt::Error)?;
        f.write_str(&text)
    }
}

impl std::str::FromStr for Contacts {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Contacts, serde_json::Error> {
        serde_json::from_str(text)
    }
}

/// A customer as requests name it: by our id or by the ERP's number, which never looks like an id.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum CustomerRef {
    Id(CustomerId),
    Number(Number),
}

impl std::str::FromStr for CustomerRef {
    type Err = kernel::text::TextError;

    fn from_str(text: &str) -> Result<CustomerRef, Self::Err> {
        match text.parse() {
            Ok(id) => Ok(CustomerRef::Id(id)),
            Err(_) => text.parse().map(CustomerRef::Number),
        }
    }
}

impl TryFrom<String> for CustomerRef {
    type Error = kernel::text::TextError;

    fn try_from(text: String) -> Result<CustomerRef, Self::Error> {
        text.parse()
    }
}

impl From<CustomerRef> for String {
    fn from(reference: CustomerRef) -> String {
        match reference {
            CustomerRef::Id(id) => id.to_string(),
            CustomerRef::Number(number) => number.into(),
        }
    }
}

/// `{customer}` in a path.
impl IntoParams for CustomerRef {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![in_path(
            "customer",
            "Number",
            "The customer's id or number.",
        )]
    }
}

impl PartialSchema for CustomerRef {
    /// The form of a number: an id has it, too.
    fn schema() -> RefOr<Schema> {
        let mut schema = Number::schema();
        if let RefOr::T(Schema::Object(form)) = &mut schema {
            form.description = Some("A customer, by its id or by the ERP's number.".to_owned());
        }
        schema
    }
}

impl ToSchema for CustomerRef {}

/// Folds a text for search: compatibility forms made one (full-width letters become plain), lower case.
///
/// `"ＡＣＭＥ Trading"` and `"acme trading"` fold to the same.
pub fn fold(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).collect()
}

/// The contacts that follow from what is asked: `contacts` replace all that were, and `email`, where something is said of
/// it, those for invoices.
pub fn written_to(
    before: &Contacts,
    contacts: Option<&Vec<Contact>>,
    email: Option<Option<&EmailList>>,
) -> Contacts {
    let all = match contacts {
        Some(contacts) => Contacts::new(contacts.iter().cloned()),
        None => before.clone(),
    };
    match email {
        Some(emails) => all.with_invoices_to(emails.map_or(&[], EmailList::as_slice)),
        None => all,
    }
}
