//! The end of what waited in vain.

use super::step;
use crate::decide::applications::model::{Application, ApplicationStatus, StepDetails, Verb};
use crate::decide::applications::store;
use crate::platform::db::{Change, DbError, Tx};
use kernel::ids::{ApplicationId, CreditAccountId};

/// Ends the applications that waited past their deadline for information or conditions; says how many. At most a
/// thousand in one unit of work: call it again until it says none.
///
/// # Errors
/// When the database fails.
pub fn expire_due(tx: &mut Tx) -> Result<usize, DbError> {
    expire(tx, None)
}

/// [`expire_due`], of one account or of all.
pub(super) fn expire(tx: &mut Tx, account: Option<CreditAccountId>) -> Result<usize, DbError> {
    let due = store::lock_due(tx, tx.today(), account)?;
    if due.is_empty() {
        return Ok(0);
    }
    let ids: Vec<ApplicationId> = due.iter().map(|application| application.id).collect();
    store::expire(tx, &ids)?;
    let mut steps = Vec::with_capacity(due.len());
    let mut changes = Vec::with_capacity(due.len());
    for before in &due {
        let after = Application {
            status: ApplicationStatus::Expired,
            changed_at: tx.now(),
            version: before.version.saturating_add(1),
            ..before.clone()
        };
        let details = StepDetails {
            deadline: before.deadline,
            ..StepDetails::default()
        };
        steps.push(step(
            tx,
            Some(before),
            &after,
            Verb::Expire,
            None,
            &details,
        )?);
        changes.push(
            Change::new(Verb::Expire.trail_action(), before.id)
                .before(before)
                .after(&after),
        );
    }
    store::insert_steps(tx, &steps)?;
    tx.record_all(changes)?;
    Ok(due.len())
}
