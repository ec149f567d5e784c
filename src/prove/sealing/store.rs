//! Queries on the chain, the entries in it, and checkpoints.

use std::collections::BTreeSet;

use chrono::Duration;
use diesel::prelude::*;

use super::input::ProofFilter;
use super::model::{Checkpoint, Entry, Seal};
use crate::platform::db::schema::{trail_checkpoints, trail_entries, trail_seals};
use crate::platform::db::{Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{NoFilter, Page, PageRequest, Problem};
use kernel::clock::Instant;

/// The last link; none before the first.
pub fn find_last(db: &mut Db) -> Result<Option<Seal>, DbError> {
    Ok(on_backend!(db, |c| trail_seals::table
        .order(trail_seals::position.desc())
        .select(Seal::as_select())
        .first(c)
        .optional())?)
}

/// Which of some entries are in the chain already.
pub fn list_sealed(db: &mut Db, seqs: &[i64]) -> Result<BTreeSet<i64>, DbError> {
    let found: Vec<i64> = on_backend!(db, |c| trail_seals::table
        .filter(trail_seals::seq.eq_any(seqs))
        .select(trail_seals::seq)
        .load(c))?;
    Ok(found.into_iter().collect())
}

/// Entries by their numbers, in the order of their transactions.
pub fn list_entries(db: &mut Db, seqs: &[i64]) -> Result<Vec<Entry>, DbError> {
    Ok(on_backend!(db, |c| trail_entries::table
        .filter(trail_entries::seq.eq_any(seqs))
        .order((trail_entries::transaction_id, trail_entries::seq))
        .select(Entry::as_select())
        .load(c))?)
}

pub fn insert(tx: &mut Tx, seals: &[Seal]) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(trail_seals::table)
        .values(seals)
        .execute(c))?;
    Ok(())
}

/// One page of the chain, from its beginning on.
pub fn list(db: &mut Db, filter: &ProofFilter, page: &PageRequest) -> Result<Page<Seal>, Problem> {
    on_backend!(db, |c| {
        let mut query = trail_seals::table.select(Seal::as_select()).into_boxed();
        if let Some(from) = filter.position_from {
            query = query.filter(trail_seals::position.ge(from.number()));
        }
        if let Some(to) = filter.position_to {
            query = query.filter(trail_seals::position.le(to.number()));
        }
        seek!(c, query, page, Seal, asc(trail_seals::position))
    })
}

/// The next links after a place, each with its entry where it is still there.
pub fn list_links(
    db: &mut Db,
    after: i64,
    limit: i64,
) -> Result<Vec<(Seal, Option<Entry>)>, DbError> {
    Ok(on_backend!(db, |c| trail_seals::table
        .left_join(trail_entries::table.on(trail_entries::seq.eq(trail_seals::seq)))
        .filter(trail_seals::position.gt(after))
        .order(trail_seals::position)
        .limit(limit)
        .select((Seal::as_select(), Option::<Entry>::as_select()))
        .load(c))?)
}

/// Entries that are in no chain and should be: they stand before the last sealed one in the order of transactions, or
/// have a lower number and are much older than it, as nothing is that was still being written.
pub fn list_unsealed_among(db: &mut Db, limit: i64) -> Result<Vec<Entry>, DbError> {
    let Some(seal) = find_last(db)? else {
        return Ok(Vec::new());
    };
    let last: Option<(i64, Instant)> = on_backend!(db, |c| trail_entries::table
        .filter(trail_entries::seq.eq(seal.seq))
        .select((trail_entries::transaction_id, trail_entries::at))
        .first(c)
        .optional())?;
    let Some((transaction, at)) = last else {
        return Ok(Vec::new());
    };
    let long_before = at.plus(-Duration::hours(LONGEST_TRANSACTION_HOURS));
    Ok(on_backend!(db, |c| trail_entries::table
        .left_join(trail_seals::table.on(trail_seals::seq.eq(trail_entries::seq)))
        .filter(trail_seals::position.is_null())
        .filter(trail_entries::seq.lt(seal.seq))
        .filter(
            trail_entries::transaction_id
                .le(transaction)
                .or(trail_entries::at.lt(long_before))
        )
        .order(trail_entries::seq)
        .limit(limit)
        .select(Entry::as_select())
        .load(c))?)
}

/// Longer than any unit of work runs.
const LONGEST_TRANSACTION_HOURS: i64 = 12;

pub fn insert_checkpoint(tx: &mut Tx, row: &Checkpoint) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(trail_checkpoints::table)
        .values(row)
        .execute(c))?;
    Ok(())
}

/// Every checkpoint, the oldest first: one a day.
pub fn list_all_checkpoints(db: &mut Db) -> Result<Vec<Checkpoint>, DbError> {
    Ok(on_backend!(db, |c| trail_checkpoints::table
        .order(trail_checkpoints::id)
        .select(Checkpoint::as_select())
        .load(c))?)
}

/// The newest checkpoint.
pub fn find_last_checkpoint(db: &mut Db) -> Result<Option<Checkpoint>, DbError> {
    Ok(on_backend!(db, |c| trail_checkpoints::table
        .order(trail_checkpoints::id.desc())
        .select(Checkpoint::as_select())
        .first(c)
        .optional())?)
}

/// One page of checkpoints, the newest first.
pub fn list_checkpoints(
    db: &mut Db,
    _: &NoFilter,
    page: &PageRequest,
) -> Result<Page<Checkpoint>, Problem> {
    on_backend!(db, |c| {
        let mut query = trail_checkpoints::table
            .select(Checkpoint::as_select())
            .into_boxed();
        seek!(c, query, page, Checkpoint, desc(trail_checkpoints::id))
    })
}
