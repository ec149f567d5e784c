//! Rows of the trail.

use diesel::prelude::*;

use crate::platform::db::schema::trail_entries;
use kernel::clock::Instant;
use kernel::ids::TrailEntryId;

/// One change: who, when, what, before, after, why.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = trail_entries)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub struct TrailEntry {
    pub seq: i64,
    pub id: TrailEntryId,
    pub at: Instant,
    pub subject: String,
    pub issuer: String,
    pub client_id: String,
    pub roles: String,
    pub action: String,
    pub entity_id: String,
    pub before: Option<String>,
    pub after: Option<String>,
    pub reason: Option<String>,
    pub request_id: String,
}
