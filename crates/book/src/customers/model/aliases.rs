//! What other systems call customers.

use diesel::prelude::*;
use serde::Serialize;

use crate::platform::db::schema::customer_aliases;
use kernel::clock::Instant;
use kernel::ids::{CustomerAliasId, CustomerId};
use kernel::text::{Keyword, Number, Subject};

/// The number that a source system has for a customer: no other customer has it there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = customer_aliases, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct CustomerAlias {
    pub id: CustomerAliasId,
    pub customer_id: CustomerId,
    pub source_system: Keyword,
    pub alias: Number,
    pub created_by: Subject,
    pub created_at: Instant,
    pub version: i64,
}
