//! API keys as they are stored.

use diesel::prelude::*;
use serde::Serialize;

use crate::platform::db::schema::api_keys;
use crate::platform::db::{DbError, read_document};
use kernel::caller::Role;
use kernel::clock::Instant;
use kernel::columns::text_enum;
use kernel::ids::ApiKeyId;
use kernel::text::{Keyword, Line, Subject};

text_enum! {
    /// The role of a key: none that approves anything.
    pub enum KeyRole {
        /// An order system or an ERP.
        System = "system",
        /// Reads and changes nothing.
        Auditor = "auditor",
    }
}

impl KeyRole {
    pub const fn role(self) -> Role {
        match self {
            KeyRole::System => Role::System,
            KeyRole::Auditor => Role::Auditor,
        }
    }
}

text_enum! {
    /// Whether a key lets anybody in.
    pub enum KeyStatus {
        Active = "active",
        Expired = "expired",
        Revoked = "revoked",
    }
}

/// A key by which a system signs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Queryable, Selectable, Insertable)]
#[diesel(table_name = api_keys, treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub name: Line,
    pub role: KeyRole,
    /// The permissions that it is held to, as a document.
    pub scopes: String,
    /// The SHA-256 of the whole key, in Base64.
    #[serde(skip)]
    pub secret_hash: String,
    #[serde(skip)]
    pub previous_hash: Option<String>,
    /// Until when the key before it is taken as well.
    pub previous_until: Option<Instant>,
    pub expires_at: Option<Instant>,
    /// How many requests it may make each second; as many as every caller where it has no number of its own.
    pub requests_per_second: Option<i32>,
    #[serde(skip)]
    pub last_used_at: Option<Instant>,
    pub revoked_at: Option<Instant>,
    pub created_by: Subject,
    pub created_at: Instant,
    pub changed_at: Instant,
    pub version: i64,
}

impl ApiKey {
    pub fn status(&self, now: Instant) -> KeyStatus {
        if self.revoked_at.is_some() {
            KeyStatus::Revoked
        } else if self.expires_at.is_some_and(|end| end <= now) {
            KeyStatus::Expired
        } else {
            KeyStatus::Active
        }
    }

    /// The permissions that it is held to.
    ///
    /// # Errors
    /// When the document can't be read.
    pub fn scopes(&self) -> Result<Vec<Keyword>, DbError> {
        read_document(&self.scopes)
    }
}
