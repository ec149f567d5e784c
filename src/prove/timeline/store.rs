//! Queries on which entries concern whom.

use diesel::prelude::*;

use super::input::TimelineFilter;
use super::model::{Line, TimelineEntry};
use crate::platform::db::schema::{timeline_entries, trail_entries};
use crate::platform::db::{Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::ids::CustomerId;

/// Notes which entries concern whom; what is noted already stays.
pub fn insert(tx: &mut Tx, rows: &[TimelineEntry]) -> Result<(), DbError> {
    for chunk in rows.chunks(500) {
        on_backend!(tx, |c| diesel::insert_into(timeline_entries::table)
            .values(chunk)
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    Ok(())
}

/// What some entries tell of things as they were before.
pub fn list_before(db: &mut Db, seqs: &[i64]) -> Result<Vec<(i64, Option<String>)>, DbError> {
    if seqs.is_empty() {
        return Ok(Vec::new());
    }
    Ok(on_backend!(db, |c| trail_entries::table
        .filter(trail_entries::seq.eq_any(seqs))
        .select((trail_entries::seq, trail_entries::before))
        .load(c))?)
}

/// One page of a customer's story, of the actions that are seen, the newest first.
pub fn list(
    db: &mut Db,
    customer: CustomerId,
    seen: &[&str],
    filter: &TimelineFilter,
    page: &PageRequest,
) -> Result<Page<Line>, Problem> {
    on_backend!(db, |c| {
        let mut query = timeline_entries::table
            .inner_join(trail_entries::table.on(trail_entries::seq.eq(timeline_entries::seq)))
            .filter(timeline_entries::customer_id.eq(customer))
            // By a value that no index has: the customer's own entries are few, those of an action many.
            .filter(trail_entries::action.concat("").eq_any(seen.to_vec()))
            .select((
                timeline_entries::seq,
                trail_entries::at,
                trail_entries::subject,
                trail_entries::action,
                trail_entries::entity_id,
            ))
            .into_boxed();
        if let Some(from) = filter.at_from {
            query = query.filter(trail_entries::at.ge(from));
        }
        if let Some(to) = filter.at_to {
            query = query.filter(trail_entries::at.lt(to));
        }
        seek!(c, query, page, Line, desc(timeline_entries::seq))
    })
}
