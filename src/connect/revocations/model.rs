//! Revocations as they are stored.

use diesel::prelude::*;
use serde::Serialize;

use crate::platform::db::schema::token_revocations;
use kernel::clock::Instant;
use kernel::ids::TokenRevocationId;
use kernel::text::{Note, Subject};

/// Tokens that count no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = token_revocations, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct TokenRevocation {
    pub id: TokenRevocationId,
    /// The one token, by its `jti`.
    pub token_id: Option<String>,
    /// All tokens of this subject.
    pub subject: Option<Subject>,
    /// That were issued until then, in seconds since 1970 by the clock on the wall.
    pub issued_until: i64,
    /// Then none of them could be valid any more.
    pub kept_until: i64,
    pub reason: Note,
    pub created_by: Subject,
    pub created_at: Instant,
}
