//! What is done with policies.

use std::sync::{Arc, Mutex, PoisonError};

use super::model::{Policy, PolicyDocument, PolicyRow, PolicyStatus};
use super::rules::Nonsense;
use super::{references, rules, store};
use crate::platform::db::{Change, Db, DbError, Tx, read_document, write_document};
use crate::platform::versions::model::VersionError;
use crate::platform::versions::rules as versions;
use kernel::drafters::Drafters;
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
        "The policy that a new book begins with; docs/policy.md says where its figures come from."
            .to_owned();
    let mut row = new_row(tx, 1, document, reason)?;
    row.status = PolicyStatus::Live;
    row.live_at = Some(tx.now());
    store::insert(tx, &row)?;
    tx.record(
        Change::new("policy.live", row.id)
            .after(&row)
            .because(&row.reason),
    )
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
    store::lock_live(tx)?;
    let number = store::last_number(tx)?.saturating_add(1);
    let row = new_row(tx, number, document, reason.to_string())?;
    store::insert(tx, &row)?;
    tx.record(
        Change::new("policy.drafted", row.id)
            .after(&row)
            .because(reason),
    )?;
    Ok(row)
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
    let changed = versions::change(&before, version, &tx.caller().subject)?;
    refuse_nonsense(tx, document)?;
    let after = PolicyRow {
        document: write_document(document)?,
        reason: reason.to_string(),
        ..changed
    };
    save(tx, "policy.changed", &before, &after, reason)
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
    let live = store::lock_live(tx)?;
    let before = store::find(tx, id)?.ok_or(PolicyError::Missing)?;
    let (by, now) = (&tx.caller().subject, tx.now());
    let step = versions::approve(&before, version, live.as_ref(), by, now)?;
    if let (Some(live), Some(retired)) = (&live, &step.retired) {
        save(tx, "policy.retired", live, retired, reason)?;
    }
    save(tx, "policy.live", &before, &step.version, reason)
}

fn refuse_nonsense(db: &mut Db, document: &PolicyDocument) -> Result<(), PolicyError> {
    let mut faults = rules::faults(document);
    faults.extend(references::unknown(db, document)?);
    if faults.is_empty() {
        return Ok(());
    }
    Err(PolicyError::Nonsense(faults))
}

fn new_row(
    tx: &Tx,
    number: i32,
    document: &PolicyDocument,
    reason: String,
) -> Result<PolicyRow, DbError> {
    let author = tx.caller().subject.clone();
    Ok(PolicyRow {
        id: PolicyId::new(),
        policy_version: number,
        status: PolicyStatus::Draft,
        document: write_document(document)?,
        reason,
        author: author.to_string(),
        drafters: Drafters::new(author),
        approver: None,
        created_at: tx.now(),
        live_at: None,
        retired_at: None,
        version: 1,
    })
}

fn save(
    tx: &mut Tx,
    action: &'static str,
    before: &PolicyRow,
    after: &PolicyRow,
    reason: &Note,
) -> Result<PolicyRow, PolicyError> {
    let after = store::update_if_unchanged(tx, after)?.ok_or(VersionError::Stale)?;
    tx.record(
        Change::new(action, after.id)
            .before(before)
            .after(&after)
            .because(reason),
    )?;
    Ok(after)
}
