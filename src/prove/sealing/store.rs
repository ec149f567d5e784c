//! Queries on the chain, the entries in it, and checkpoints.

use std::collections::BTreeSet;

use chrono::Duration;
use diesel::dsl::exists;
use diesel::prelude::*;

use super::input::ProofFilter;
use super::model::{Checkpoint, Entry, SEALER, Seal, Unsealed};
use crate::platform::db::schema::{subscriptions, trail_checkpoints, trail_entries, trail_seals};
use crate::platform::db::{Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{NoFilter, Page, PageRequest, Problem};
use kernel::clock::Instant;
use kernel::ids::TrailEntryId;

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

/// Entries that are in no chain and should be, in the order of transactions: they stand at the place up to which the sealer
/// has come, or before it, or they are older than any unit of work takes.
pub fn list_unsealed(db: &mut Db, limit: i64) -> Result<Vec<Unsealed>, DbError> {
    // Read first: whatever it passes is sealed by then.
    let place: Option<(i64, i64)> = on_backend!(db, |c| subscriptions::table
        .find(SEALER)
        .select((subscriptions::transaction_id, subscriptions::seq))
        .first(c)
        .optional())?;
    let (transaction, seq) = place.unwrap_or((0, 0));
    let long_ago = db
        .clock()
        .now()
        .plus(-Duration::hours(LONGEST_TRANSACTION_HOURS));
    let passed = || {
        trail_entries::transaction_id
            .lt(transaction)
            .or(trail_entries::transaction_id
                .eq(transaction)
                .and(trail_entries::seq.le(seq)))
    };
    let rows: Vec<(TrailEntryId, i64, bool)> = on_backend!(db, |c| trail_entries::table
        .left_join(trail_seals::table.on(trail_seals::seq.eq(trail_entries::seq)))
        .filter(trail_seals::position.is_null())
        .filter(passed().or(trail_entries::at.lt(long_ago)))
        .order((trail_entries::transaction_id, trail_entries::seq))
        .limit(limit)
        .select((trail_entries::id, trail_entries::seq, passed()))
        .load(c))?;
    let unsealed = |(id, seq, was_passed)| Unsealed {
        id,
        seq,
        was_passed,
    };
    Ok(rows.into_iter().map(unsealed).collect())
}

/// Whether entries that were written from one instant on, before another, are in no chain.
pub fn is_behind(db: &mut Db, from: Instant, until: Instant) -> Result<bool, DbError> {
    Ok(on_backend!(db, |c| diesel::select(exists(
        trail_entries::table
            .left_join(trail_seals::table.on(trail_seals::seq.eq(trail_entries::seq)))
            .filter(trail_entries::at.ge(from))
            .filter(trail_entries::at.lt(until))
            .filter(trail_seals::position.is_null())
    ))
    .get_result(c))?)
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
