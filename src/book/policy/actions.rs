//! What is done with policies.

use super::model::{Policy, PolicyRow, PolicyStatus};
use super::{rules, store};
use crate::kernel::ids::PolicyId;
use crate::platform::db::{Change, Db, DbError, Tx, read_document, write_document};

/// The live policy.
///
/// # Errors
/// When there is none: the house sets the default live when it opens.
pub fn live(db: &mut Db) -> Result<Policy, DbError> {
    let row =
        store::find_live(db)?.ok_or_else(|| DbError::Document("no policy is live".to_owned()))?;
    Ok(Policy {
        version: row.policy_version,
        document: read_document(&row.document)?,
    })
}

/// Sets the default policy live when no policy is, as in a house that was never opened.
///
/// # Errors
/// When the database fails.
pub fn ensure_default(tx: &mut Tx) -> Result<(), DbError> {
    if store::find_live(tx)?.is_some() {
        return Ok(());
    }
    let row = PolicyRow {
        id: PolicyId::new(),
        policy_version: 1,
        status: PolicyStatus::Live,
        document: write_document(&rules::default_document())?,
        reason: "The policy that a new house begins with.".to_owned(),
        author: tx.caller().subject.to_string(),
        approver: None,
        created_at: tx.now(),
        live_at: Some(tx.now()),
        retired_at: None,
        version: 1,
    };
    store::insert(tx, &row)?;
    tx.record(
        Change::new("policy.live", row.id)
            .after(&row)
            .because(&row.reason),
    )
}
