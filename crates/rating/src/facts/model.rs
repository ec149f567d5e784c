//! The fact as it is stored.

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::Serialize;
use serde_json::json;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};

use crate::platform::db::schema::customer_facts;
use crate::platform::db::{DbError, read_document};
use kernel::clock::Instant;
use kernel::ids::{CustomerFactId, CustomerId, ExpertPanelId};
use kernel::text::{Note, Source, Subject};
use methods::scoring::Value;

/// What somebody said of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = customer_facts, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct CustomerFact {
    pub id: CustomerFactId,
    pub customer_id: CustomerId,
    /// The indicator's code in the catalogue.
    pub indicator: String,
    /// The number or the answer, as JSON.
    pub value: String,
    /// Where they have it from.
    pub source: Source,
    /// The day for which it holds.
    pub as_of: NaiveDate,
    /// The last day on which it is used.
    pub expires_on: NaiveDate,
    pub note: Option<Note>,
    pub said_by: Subject,
    pub said_at: Instant,
    /// The panel of experts that came to it; none when one person says so.
    pub panel_id: Option<ExpertPanelId>,
}

impl CustomerFact {
    /// # Errors
    /// When the row was changed by other hands.
    pub fn value(&self) -> Result<Value, DbError> {
        read_document(&self.value)
    }
}

/// What somebody says.
#[derive(Debug, Clone, PartialEq)]
pub struct NewFact {
    pub indicator: String,
    pub value: Value,
    pub source: Source,
    pub as_of: NaiveDate,
    /// As the policy has it for facts when not given.
    pub expires_on: Option<NaiveDate>,
    pub note: Option<Note>,
    /// The panel of experts that came to it.
    pub panel_id: Option<ExpertPanelId>,
}

/// A number from -10^15 to 10^15, or an answer.
pub fn value_schema() -> Schema {
    value_or(&[])
}

/// A value, or null.
pub fn value_or_null() -> Schema {
    value_or(&[Type::Null])
}

fn value_or(others: &[Type]) -> Schema {
    let number = ObjectBuilder::new()
        .schema_type(Type::Number)
        .minimum(Some(-1e15))
        .maximum(Some(1e15));
    let answer = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(ANSWER_MAX));
    let mut either = OneOfBuilder::new().item(number).item(answer);
    for other in others {
        let other: RefOr<Schema> = ObjectBuilder::new().schema_type(other.clone()).into();
        either = either.item(other);
    }
    Schema::OneOf(either.examples([json!(1.5625)]).build())
}

/// The longest that an answer may be.
pub const ANSWER_MAX: usize = 64;
