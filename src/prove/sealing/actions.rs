//! What is done with the chain: it grows, it is signed, and it is looked at.

use std::collections::BTreeMap;

use super::model::{Break, Checkpoint, Fault, Seal, Trust};
use super::signing::{Signer, SigningError, is_signed};
use super::{rules, store};
use crate::platform::db::{Change, Database, Db, DbError, Tx};
use crate::platform::events::{Event, Subscription};
use crate::platform::http::Problem;
use crate::platform::http::auth::internal_caller;
use kernel::caller::Caller;
use kernel::ids::TrailCheckpointId;

/// How many links are looked at together.
const LINKS: i64 = 1_000;

/// How many entries that were put in are told.
const TOLD_MAX: i64 = 20;

/// The sealer: it is told of everything, from the first entry on.
pub const SEALING: Subscription = Subscription {
    name: "sealed_trail",
    actions: &[],
    handle: seal,
};

/// Adds entries to the chain, in the order in which they are told. Those that are in it are passed over: a log that was moved
/// to another cluster is told from its beginning again.
fn seal(tx: &mut Tx, events: &[Event]) -> Result<(), DbError> {
    let seqs: Vec<i64> = events.iter().map(|event| event.seq).collect();
    let known = store::list_sealed(tx, &seqs)?;
    let new: Vec<i64> = seqs
        .into_iter()
        .filter(|seq| !known.contains(seq))
        .collect();
    if new.is_empty() {
        return Ok(());
    }
    let entries = store::list_entries(tx, &new)?;
    let last = store::find_last(tx)?;
    let first = last.as_ref().map_or(1, |last| last.position + 1);
    let mut hash = last.map_or_else(|| rules::BEGINNING.to_vec(), |last| last.hash);
    let links = (first..).zip(entries).map(|(position, entry)| {
        hash = rules::link(&hash, &rules::canonical(&entry));
        Seal {
            position,
            seq: entry.seq,
            hash: hash.clone(),
        }
    });
    let seals: Vec<Seal> = links.collect();
    store::insert(tx, &seals)
}

/// Why there is no checkpoint.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    #[error("nobody signs")]
    NoKey,
    #[error(transparent)]
    Signing(#[from] SigningError),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Has how far the chain has come signed. It is made before the unit of work begins that keeps it: whoever has the key may
/// take his time.
///
/// # Errors
/// When nobody signs, or whoever does gives no signature.
pub fn prepare(
    database: &Database,
    caller: &Caller,
    signer: Option<&Signer>,
) -> Result<Checkpoint, CheckpointError> {
    let signer = signer.ok_or(CheckpointError::NoKey)?;
    let last = store::find_last(&mut database.reader()?)?;
    let (position, hash) = last.map_or_else(
        || (0, rules::BEGINNING.to_vec()),
        |last| (last.position, last.hash),
    );
    let signed_at = database.clock().now();
    let statement = rules::statement(position, &hash, signed_at);
    let signature = signer.sign(&statement)?;
    Ok(Checkpoint {
        id: TrailCheckpointId::new(),
        position,
        hash,
        signed_at,
        signed_by: caller.subject.clone(),
        public_key: signer.public_key().to_vec(),
        signature,
    })
}

/// Keeps a checkpoint that was signed.
///
/// # Errors
/// When the database fails.
pub fn keep(tx: &mut Tx, checkpoint: &Checkpoint) -> Result<(), DbError> {
    store::insert_checkpoint(tx, checkpoint)?;
    let told = rules::told(checkpoint);
    tx.record(Change::new("trail_checkpoint.signed", checkpoint.id).after(&told))
}

/// Signs once a day, by itself, where somebody signs and nobody has.
///
/// # Errors
/// When the database fails. Where the key's keeper does not answer it is logged, and tried again.
pub fn sign_daily(database: &Database, signer: Option<&Signer>) -> Result<(), Problem> {
    if signer.is_none() {
        return Ok(());
    }
    let mut db = database.reader()?;
    let last = store::find_last_checkpoint(&mut db)?;
    if last.is_some_and(|last| db.clock().day_of(last.signed_at) >= db.today()) {
        return Ok(());
    }
    drop(db);
    let house = internal_caller("netterms", &[])?;
    match prepare(database, &house, signer) {
        Ok(checkpoint) => Ok(database.write(&house, |tx| keep(tx, &checkpoint))?),
        Err(CheckpointError::NoKey) => Ok(()),
        Err(CheckpointError::Signing(error)) => {
            tracing::error!(%error, "the trail's checkpoint was not signed");
            Ok(())
        }
        Err(CheckpointError::Db(error)) => Err(error.into()),
    }
}

/// Looks at the whole chain, and says how many links it has and where it is broken. What the database says of checkpoints is
/// held against what is believed besides.
///
/// # Errors
/// When the database fails.
pub fn inspect(db: &mut Db, trust: &Trust) -> Result<(i64, Vec<Break>), DbError> {
    let own = store::list_all_checkpoints(db)?;
    let forgotten: Vec<&Checkpoint> = trust
        .kept
        .iter()
        .filter(|kept| !own.contains(kept))
        .collect();
    let mut breaks: Vec<Break> = forgotten
        .iter()
        .map(|one| at_checkpoint(one, Fault::Forgotten))
        .collect();
    let checkpoints: Vec<&Checkpoint> = own.iter().chain(forgotten).collect();
    breaks.extend(
        checkpoints
            .iter()
            .filter(|one| !is_signed(&one.public_key, &rules::statement_of(one), &one.signature))
            .map(|one| at_checkpoint(one, Fault::Signature)),
    );
    breaks.extend(
        checkpoints
            .iter()
            .filter(|one| !trust.keys.is_empty() && !trust.keys.contains(&one.public_key))
            .map(|one| at_checkpoint(one, Fault::Stranger)),
    );
    let is_at_beginning =
        |one: &&Checkpoint| one.position == 0 && one.hash == rules::BEGINNING.as_slice();
    let mut unseen: BTreeMap<i64, Vec<&Checkpoint>> = BTreeMap::new();
    for one in checkpoints.into_iter().filter(|one| !is_at_beginning(one)) {
        unseen.entry(one.position).or_default().push(one);
    }
    let (mut position, mut hash) = (0, rules::BEGINNING.to_vec());
    loop {
        let links = store::list_links(db, position, LINKS)?;
        if links.is_empty() {
            break;
        }
        for (seal, entry) in links {
            if seal.position != position + 1 {
                breaks.push(Break {
                    id: (position + 1).to_string(),
                    fault: Fault::Gap,
                    position: position + 1,
                });
            }
            let fault = match &entry {
                None => Some(Fault::Missing),
                Some(entry) if rules::link(&hash, &rules::canonical(entry)) != seal.hash => {
                    Some(Fault::Changed)
                }
                Some(_) => None,
            };
            if let Some(fault) = fault {
                breaks.push(Break {
                    id: entry.map_or_else(|| seal.seq.to_string(), |entry| entry.id.to_string()),
                    fault,
                    position: seal.position,
                });
            }
            let here = unseen.remove(&seal.position).unwrap_or_default();
            let others = here.into_iter().filter(|one| one.hash != seal.hash);
            breaks.extend(others.map(|one| at_checkpoint(one, Fault::NotAsSigned)));
            position = seal.position;
            hash = seal.hash;
        }
    }
    // Of a chain that was cut off.
    let beyond = unseen.into_values().flatten();
    breaks.extend(beyond.map(|one| at_checkpoint(one, Fault::NotAsSigned)));
    let inserted = store::list_unsealed_among(db, TOLD_MAX)?;
    breaks.extend(inserted.into_iter().map(|entry| Break {
        id: entry.id.to_string(),
        fault: Fault::Inserted,
        position: entry.seq,
    }));
    Ok((position, breaks))
}

fn at_checkpoint(checkpoint: &Checkpoint, fault: Fault) -> Break {
    Break {
        id: checkpoint.id.to_string(),
        fault,
        position: checkpoint.position,
    }
}
