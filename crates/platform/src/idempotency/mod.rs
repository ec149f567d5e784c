//! Idempotency keys: the stored answer of a keyed request, kept in the same transaction as its effect.
//!
//! A key belongs to a caller, a method and a route. The same key with the same request gives the stored answer; with
//! another request it is refused. Keys are kept for seven days.

mod store;

use std::collections::HashMap;

use crate::platform::db::{DbError, Tx, Writes};
use kernel::clock::Instant;
use kernel::ids::IdempotencyKeyId;

pub use store::Keeping;

/// How long a key is kept.
pub const KEPT_DAYS: i64 = 7;

/// What a key belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    pub caller: String,
    pub method: String,
    pub route: String,
    pub key: String,
}

/// A key with the fingerprint of the request that carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyed {
    /// Under which the answer is kept: [`Scope::id`].
    pub id: IdempotencyKeyId,
    pub fingerprint: String,
}

/// What is known of a key.
#[derive(Debug, PartialEq, Eq)]
pub enum Claim {
    /// Nothing yet; this transaction may go on and no other process will.
    New,
    /// The same request was answered with this.
    StoredResponse(String),
    /// The key was used for another request.
    OtherRequest,
    /// Another replica is working on it.
    InProgress,
}

/// Takes the key for this transaction, or says why that can't be.
///
/// # Errors
/// When the database fails.
pub fn claim(tx: &mut Tx, keyed: &Keyed) -> Result<Claim, DbError> {
    let id = keyed.id;
    if !store::try_lock(tx, id)? {
        return Ok(Claim::InProgress);
    }
    let oldest = tx.now().plus(chrono::Duration::days(-KEPT_DAYS));
    Ok(match store::find(tx, id)? {
        Some(row) if row.created_at < oldest => {
            store::delete(tx, id)?;
            Claim::New
        }
        Some(row) if row.fingerprint == keyed.fingerprint => Claim::StoredResponse(row.answer),
        Some(_) => Claim::OtherRequest,
        None => Claim::New,
    })
}

/// What is known of many keys at once, without taking them: the desk relies on the table's primary key instead, and
/// decides one by one when a key turns out to be taken. Keys of which nothing is known are left out.
///
/// # Errors
/// When the database fails.
pub fn find_all(
    tx: &mut Tx,
    wanted: &[(IdempotencyKeyId, &str)],
) -> Result<HashMap<IdempotencyKeyId, Claim>, DbError> {
    let oldest = tx.now().plus(chrono::Duration::days(-KEPT_DAYS));
    let ids: Vec<IdempotencyKeyId> = wanted.iter().map(|(id, _)| *id).collect();
    let wanted: HashMap<IdempotencyKeyId, &str> = wanted.iter().copied().collect();
    let mut known = HashMap::new();
    for row in store::list(tx, &ids)? {
        if row.created_at < oldest {
            store::delete(tx, row.id)?;
        } else if wanted.get(&row.id) == Some(&row.fingerprint.as_str()) {
            known.insert(row.id, Claim::StoredResponse(row.answer));
        } else {
            known.insert(row.id, Claim::OtherRequest);
        }
    }
    Ok(known)
}

/// Keeps many answers under their keys.
///
/// # Errors
/// When a key is taken, or the database fails.
pub fn keep_all<'a>(writes: &mut Writes<'_, 'a>, kept: &'a [Keeping<'a>]) -> Result<(), DbError> {
    store::insert_all(writes, kept)
}

/// Whether work failed because another server kept an answer under one of its keys meanwhile. Done again, it finds it.
pub fn was_taken(error: &DbError) -> bool {
    matches!(error, DbError::Duplicate { constraint } if constraint.starts_with("idempotency_keys"))
}

/// Keeps the answer under the key.
///
/// # Errors
/// When the database fails.
pub fn keep(tx: &mut Tx, keyed: &Keyed, answer: &str) -> Result<(), DbError> {
    let kept = [Keeping {
        id: keyed.id,
        fingerprint: &keyed.fingerprint,
        answer: answer.into(),
        at: tx.now(),
    }];
    let mut writes = tx.writes();
    store::insert_all(&mut writes, &kept)?;
    writes.send()
}

/// Forgets keys that are older than seven days, and says how many.
///
/// # Errors
/// When the database fails.
pub fn forget_old(tx: &mut Tx) -> Result<usize, DbError> {
    let oldest: Instant = tx.now().plus(chrono::Duration::days(-KEPT_DAYS));
    store::delete_before(tx, oldest)
}
