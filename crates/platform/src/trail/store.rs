//! Queries on the trail.

use diesel::prelude::*;

use super::input::TrailFilter;
use super::model::TrailEntry;
use crate::platform::db::schema::trail_entries::{self, dsl};
use crate::platform::db::{Db, DbError, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};

/// The number of the last entry, 0 when there is none.
pub fn last_seq(db: &mut Db) -> Result<i64, DbError> {
    let last: Option<i64> = on_backend!(db, |c| trail_entries::table
        .select(diesel::dsl::max(dsl::seq))
        .get_result(c))?;
    Ok(last.unwrap_or(0))
}

/// Entries in the order in which they were written, of those actions that are seen; of all when there is no bound.
pub fn list(
    db: &mut Db,
    filter: &TrailFilter,
    seen: Option<&[&str]>,
    page: &PageRequest,
) -> Result<Page<TrailEntry>, Problem> {
    on_backend!(db, |c| {
        let mut query = trail_entries::table
            .select(TrailEntry::as_select())
            .into_boxed();
        if !filter.entity_id.is_empty() {
            query = query.filter(dsl::entity_id.eq_any(&filter.entity_id));
        }
        if !filter.subject.is_empty() {
            query = query.filter(dsl::subject.eq_any(&filter.subject));
        }
        if !filter.action.is_empty() {
            query = query.filter(dsl::action.eq_any(&filter.action));
        }
        if let Some(seen) = seen {
            // By a value that no index has: hundreds of actions are found faster along the order that is asked for.
            query = query.filter(dsl::action.concat("").eq_any(seen.to_vec()));
        }
        if let Some(from) = filter.at_from {
            query = query.filter(dsl::at.ge(from));
        }
        if let Some(to) = filter.at_to {
            query = query.filter(dsl::at.lt(to));
        }
        seek!(c, query, page, TrailEntry, asc(dsl::seq))
    })
}
