//! What a policy names of rooms above it: such a room registers how to look it up, so that nothing is read upwards.

use std::sync::OnceLock;

use super::model::PolicyDocument;
use super::rules::Nonsense;
use crate::platform::db::{Db, DbError};

/// Finds what a document names and is not there.
pub type ReferenceCheck = fn(&mut Db, &PolicyDocument) -> Result<Vec<Nonsense>, DbError>;

static CHECKS: OnceLock<&'static [ReferenceCheck]> = OnceLock::new();

/// Registers the checks of all rooms above; the first register holds.
pub fn register(checks: &'static [ReferenceCheck]) {
    CHECKS.get_or_init(|| checks);
}

/// All that a document names and is not there.
///
/// # Errors
/// When the database fails.
pub fn unknown(db: &mut Db, document: &PolicyDocument) -> Result<Vec<Nonsense>, DbError> {
    let mut found = Vec::new();
    for check in CHECKS.get().copied().unwrap_or_default() {
        found.extend(check(db, document)?);
    }
    Ok(found)
}
