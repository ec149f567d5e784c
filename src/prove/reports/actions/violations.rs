//! The report of what was recorded though policy would refuse it.

use std::cmp::Reverse;

use uuid::Uuid;

use crate::platform::db::{Db, DbError};
use crate::prove::reports::model::{Violation, ViolationKind, ViolationQuestion};
use crate::prove::reports::store;

/// The violations of all kinds that are asked for, those recorded before one, the newest first.
///
/// # Errors
/// When the database fails.
pub fn list(
    db: &mut Db,
    question: &ViolationQuestion,
    before: Option<Uuid>,
    count: i64,
) -> Result<Vec<Violation>, DbError> {
    let mut found = Vec::new();
    for kind in ViolationKind::ALL {
        if question.kinds.contains(kind) {
            found.extend(store::list_violations(db, *kind, question, before, count)?);
        }
    }
    found.sort_by_key(|violation| Reverse(violation.key));
    found.truncate(usize::try_from(count).unwrap_or(usize::MAX));
    let documents: Vec<&str> = found.iter().map(|one| one.resource_id.as_str()).collect();
    let customers = store::customers_of_documents(db, &documents)?;
    for violation in &mut found {
        let named = customers.get(&violation.resource_id).copied();
        violation.customer_id = violation.customer_id.or(named);
    }
    Ok(found)
}
