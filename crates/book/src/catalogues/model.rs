//! What a catalogue says, and its versions.

use std::collections::BTreeMap;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use validator::Validate;

use crate::platform::db::schema::catalogue_versions;
use crate::platform::versions::model::lives_at_approval;
use kernel::clock::Instant;
use kernel::columns::text_enum;
use kernel::drafters::Drafters;
use kernel::ids::CatalogueVersionId;
use kernel::text::{LanguageTag, Line, SnakeCode};

/// The language in which every text is there.
const FALLBACK: &str = "en";

/// In how many languages a text is at most.
const LANGUAGES_MAX: usize = 20;

/// How many attributes an item has at most.
const ATTRIBUTES_MAX: usize = 20;

text_enum! {
    /// Where a version of a catalogue stands. Exactly one of each catalogue is live; a live version never changes.
    pub enum CatalogueStatus {
        Draft = "draft",
        Live = "live",
        Retired = "retired",
    }
}

/// A text in several languages, English among them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<LanguageTag, Line>")]
pub struct Texts(BTreeMap<LanguageTag, Line>);

impl TryFrom<BTreeMap<LanguageTag, Line>> for Texts {
    type Error = &'static str;

    fn try_from(texts: BTreeMap<LanguageTag, Line>) -> Result<Texts, &'static str> {
        if !texts.keys().any(|language| language.as_str() == FALLBACK) {
            return Err("must have a text in en");
        }
        if texts.len() > LANGUAGES_MAX {
            return Err("must be in at most 20 languages");
        }
        Ok(Texts(texts))
    }
}

impl Texts {
    /// The text in a language; in English when there is none.
    pub fn in_language(&self, language: &str) -> Option<&Line> {
        let find = |language| {
            let is_it = |(known, _): &(&LanguageTag, &Line)| known.as_str() == language;
            self.0.iter().find(is_it).map(|(_, text)| text)
        };
        find(language).or_else(|| find(FALLBACK))
    }
}

impl PartialSchema for Texts {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .description(Some(
                "A text by language, as BCP 47 names it; one in `en` is always there, and in at most 20 languages.",
            ))
            .property("en", Line::schema())
            .required("en")
            .property_names(Some(LanguageTag::schema()))
            .additional_properties(Some(Line::schema()))
            .max_properties(Some(LANGUAGES_MAX))
            .examples([serde_json::json!({"en": "Quality", "zh-CN": "质量问题"})])
            .into()
    }
}

impl ToSchema for Texts {}

/// What an attribute says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Attribute {
    Flag(bool),
    Count(i64),
    Text(Line),
}

/// What else is known of an item, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<SnakeCode, Attribute>")]
pub struct Attributes(BTreeMap<SnakeCode, Attribute>);

impl TryFrom<BTreeMap<SnakeCode, Attribute>> for Attributes {
    type Error = &'static str;

    fn try_from(named: BTreeMap<SnakeCode, Attribute>) -> Result<Attributes, &'static str> {
        if named.len() > ATTRIBUTES_MAX {
            return Err("must be at most 20 attributes");
        }
        Ok(Attributes(named))
    }
}

impl Attributes {
    pub fn get(&self, name: &str) -> Option<&Attribute> {
        let is_it = |(known, _): &(&SnakeCode, &Attribute)| known.as_str() == name;
        self.0.iter().find(is_it).map(|(_, value)| value)
    }
}

impl PartialSchema for Attributes {
    fn schema() -> RefOr<Schema> {
        let of = |kind: Type| ObjectBuilder::new().schema_type(kind);
        let value = OneOfBuilder::new()
            .item(of(Type::Boolean))
            .item(of(Type::Integer))
            .item(Line::schema());
        ObjectBuilder::new()
            .description(Some(
                "What else is known of an item: texts, whole numbers, true or false. Shares and amounts are decimal strings.",
            ))
            .property_names(Some(SnakeCode::schema()))
            .additional_properties(Some(Schema::from(value)))
            .max_properties(Some(ATTRIBUTES_MAX))
            .examples([serde_json::json!({"risk_weight": "0.8", "days": 10})])
            .into()
    }
}

impl ToSchema for Attributes {}

/// An item of a catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CatalogueItem, example = json!({
    "code": "quality", "texts": {"en": "Quality complaint", "zh-CN": "质量问题"},
    "attributes": {"proof": "Inspection report"}, "retired": false
}))]
pub struct Item {
    /// What documents name it by; unique in its catalogue, and for ever.
    pub code: SnakeCode,
    pub texts: Texts,
    #[serde(default)]
    pub attributes: Attributes,
    /// Whether it can be chosen no more. What names it already stays as it is.
    #[serde(default)]
    pub retired: bool,
}

/// What a catalogue says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Its name.
    pub texts: Texts,
    /// In the order in which they are shown.
    #[validate(length(min = 1, max = 500))]
    pub items: Vec<Item>,
}

impl Catalogue {
    pub fn find(&self, code: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.code.as_str() == code)
    }
}

/// A version of a catalogue.
#[derive(Debug, Clone, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = catalogue_versions, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct CatalogueRow {
    pub id: CatalogueVersionId,
    pub code: SnakeCode,
    pub catalogue_version: i32,
    pub status: CatalogueStatus,
    /// The [`Catalogue`] as JSON.
    pub document: String,
    pub reason: String,
    pub author: String,
    /// Everybody who wrote it. None of them sets it live.
    pub drafters: Drafters,
    pub approver: Option<String>,
    pub created_at: Instant,
    pub live_at: Option<Instant>,
    pub retired_at: Option<Instant>,
    pub version: i64,
}

lives_at_approval!(CatalogueRow {
    "catalogue", id: CatalogueVersionId, number: catalogue_version, status: CatalogueStatus, code: SnakeCode
});
