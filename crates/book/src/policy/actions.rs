//! What is done with policies.

use std::sync::{Arc, Mutex, PoisonError};

use super::model::{Policy, PolicyDocument, PolicyRow};
use super::rules::Nonsense;
use super::{references, rules, store};
use crate::platform::db::{Db, DbError, Tx, read_document};
use crate::platform::versions::actions as versions;
use crate::platform::versions::model::VersionError;
use crate::platform::versions::rules as version_rules;
use crate::platform::versions::store::lock_live;
use kernel::ids::PolicyId;
use kernel::text::Note;

/// Why a use case on policies was refused.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    #[error("there is no such policy")]
    Missing,
    #[error("the policy makes no sense")]
    Nonsense(Vec<Nonsense>),
    #[error(transparent)]
    Version(#[from] VersionError),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// The policy that was read last: a live version never changes, so that only another id is read again.
static LAST_READ: Mutex<Option<(PolicyId, Arc<Policy>)>> = Mutex::new(None);

/// The live policy.
///
/// # Errors
/// When there is none: netterms sets the default live when it opens.
pub fn live(db: &mut Db) -> Result<Arc<Policy>, DbError> {
    let id = store::find_live_id(db)?;
    known(db, id)
}

/// The policy of which somebody has just read that it is live.
///
/// # Errors
/// As [`live`].
pub fn known(db: &mut Db, id: Option<PolicyId>) -> Result<Arc<Policy>, DbError> {
    let none = || DbError::Document("no policy is live".to_owned());
    let id = id.ok_or_else(none)?;
    let last = LAST_READ
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    if let Some((read, policy)) = last
        && read == id
    {
        return Ok(policy);
    }
    let row = store::find(db, id)?.ok_or_else(none)?;
    let policy = Arc::new(Policy {
        version: row.policy_version,
        document: read_document(&row.document)?,
    });
    *LAST_READ.lock().unwrap_or_else(PoisonError::into_inner) = Some((id, Arc::clone(&policy)));
    Ok(policy)
}

/// A version of the policy, live or not.
///
/// # Errors
/// When the database fails.
pub fn find_version(db: &mut Db, version: i32) -> Result<Option<Policy>, DbError> {
    let Some(row) = store::find_version(db, version)? else {
        return Ok(None);
    };
    Ok(Some(Policy {
        version: row.policy_version,
        document: read_document(&row.document)?,
    }))
}

/// Sets the default policy live when no policy is, as in a book that was never opened.
///
/// # Errors
/// When the database fails.
pub fn ensure_default(tx: &mut Tx) -> Result<(), DbError> {
    ensure(tx, &rules::default_document())
}

/// Sets a policy live when none is: the one that a book begins with.
///
/// # Errors
/// When the database fails.
pub fn ensure(tx: &mut Tx, document: &PolicyDocument) -> Result<(), DbError> {
    if store::find_live(tx)?.is_some() {
        return Ok(());
    }
    let reason =
        "The policy that a new book begins with; docs/policy.md says where its figures come from.";
    versions::begin::<PolicyRow>(tx, (), document, reason)?;
    Ok(())
}

/// Drafts the next version of the policy.
///
/// # Errors
/// When the document makes no sense.
pub fn draft(
    tx: &mut Tx,
    document: &PolicyDocument,
    reason: &Note,
) -> Result<PolicyRow, PolicyError> {
    refuse_nonsense(tx, document)?;
    Ok(versions::draft(tx, (), document, reason)?)
}

/// Changes a draft. Whoever does so has written it too, and can't set it live.
///
/// # Errors
/// When the policy is not there, is no draft, changed since `version`, or the document makes no sense.
pub fn change(
    tx: &mut Tx,
    id: PolicyId,
    version: i64,
    document: &PolicyDocument,
    reason: &Note,
) -> Result<PolicyRow, PolicyError> {
    let before = store::find(tx, id)?.ok_or(PolicyError::Missing)?;
    let changed = version_rules::change(&before, version, &tx.caller().subject)?;
    refuse_nonsense(tx, document)?;
    versions::rewrite(tx, &before, changed, document, reason)
}

/// Sets a draft live at once, and retires the version that was live.
///
/// # Errors
/// When the policy is not there, is no draft, changed since `version`, or the caller wrote it.
pub fn approve(
    tx: &mut Tx,
    id: PolicyId,
    version: i64,
    reason: &Note,
) -> Result<PolicyRow, PolicyError> {
    let live = lock_live::<PolicyRow>(tx, &())?;
    let before = store::find(tx, id)?.ok_or(PolicyError::Missing)?;
    versions::approve(tx, &before, version, live.as_ref(), reason)
}

fn refuse_nonsense(db: &mut Db, document: &PolicyDocument) -> Result<(), PolicyError> {
    let mut faults = rules::faults(document);
    faults.extend(references::unknown(db, document)?);
    if faults.is_empty() {
        return Ok(());
    }
    Err(PolicyError::Nonsense(faults))
}
