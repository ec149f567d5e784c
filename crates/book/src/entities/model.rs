//! The legal entity as it is stored and named.

mod identifiers;

use std::str::FromStr;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::Schema;
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::platform::db::schema::legal_entities;
use kernel::clock::Instant;
use kernel::columns::text_enum;
use kernel::ids::{LegalEntityId, MAIN_ENTITY, in_path};
use kernel::money::Currency;
use kernel::places::Country;
use kernel::text::{Keyword, Line, Note, Number, TextError};

pub use identifiers::{is_lei, is_uscc};

text_enum! {
    /// Where the receivables of a legal entity are kept.
    #[derive(Default)]
    pub enum Ledger {
        /// Elsewhere, by an ERP: what it posts is recorded, and flagged where it goes past what policy allows.
        #[default]
        Mirror = "mirror",
        /// Here.
        Ledger = "ledger",
    }
}

/// A company that sells.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable, AsChangeset,
)]
#[diesel(table_name = legal_entities, treat_none_as_default_value = false, treat_none_as_null = true)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct LegalEntity {
    #[diesel(skip_update)]
    pub id: LegalEntityId,
    pub number: Number,
    pub name: Line,
    pub country: Option<Country>,
    /// The currency of its books.
    pub functional_currency: Option<Currency>,
    pub ledger: Ledger,
    /// For value-added tax.
    pub vat_id: Option<Line>,
    /// In the commercial register.
    pub registration_number: Option<Line>,
    /// 统一社会信用代码.
    pub uscc: Option<Line>,
    /// ISO 17442.
    pub lei: Option<Line>,
    pub peppol_id: Option<Line>,
    pub street: Option<Line>,
    pub city: Option<Line>,
    pub postal_code: Option<Line>,
    /// Where customers pay, as letters print it.
    pub bank_details: Option<Note>,
    /// Who writes letters, as they print it.
    pub letter_sender: Option<Note>,
    /// For letters alone: the organisation has one business day.
    pub timezone: Option<Line>,
    #[diesel(skip_update)]
    pub created_at: Instant,
    #[diesel(skip_update)]
    pub changed_at: Instant,
    #[diesel(skip_update)]
    pub version: i64,
    /// The calendar by which due dates of net days go to the next business day, by its code.
    pub calendar: Option<Keyword>,
}

/// A legal entity as requests name it: by our id or by its number.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum EntityRef {
    Id(LegalEntityId),
    Number(Number),
}

impl EntityRef {
    /// A legal entity by its id; none where it is the first, which is meant when none is named.
    pub fn named(id: LegalEntityId) -> Option<EntityRef> {
        (id != MAIN_ENTITY).then_some(EntityRef::Id(id))
    }
}

impl FromStr for EntityRef {
    type Err = TextError;

    fn from_str(text: &str) -> Result<EntityRef, TextError> {
        match text.parse() {
            Ok(id) => Ok(EntityRef::Id(id)),
            Err(_) => text.parse().map(EntityRef::Number),
        }
    }
}

impl TryFrom<String> for EntityRef {
    type Error = TextError;

    fn try_from(text: String) -> Result<EntityRef, TextError> {
        text.parse()
    }
}

impl From<EntityRef> for String {
    fn from(reference: EntityRef) -> String {
        match reference {
            EntityRef::Id(id) => id.to_string(),
            EntityRef::Number(number) => number.into(),
        }
    }
}

/// `{entity}` in a path.
impl IntoParams for EntityRef {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![in_path(
            "entity",
            "Number",
            "The legal entity's id or number.",
        )]
    }
}

impl PartialSchema for EntityRef {
    /// The form of a number: an id has it, too.
    fn schema() -> RefOr<Schema> {
        let mut schema = Number::schema();
        if let RefOr::T(Schema::Object(form)) = &mut schema {
            form.description = Some("A legal entity, by its id or by its number.".to_owned());
        }
        schema
    }
}

impl ToSchema for EntityRef {}
