//! Moving customers between groups, salespeople, countries and industries, with what they owe.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::{AccountError, Movements, blocks, caps, lock_all};
use crate::book::customers::actions::{self as customers_actions, CustomerError};
use crate::book::customers::input::CustomerPatch;
use crate::book::customers::model::{Customer, CustomerRef, LegalStatus};
use crate::book::customers::store as customers;
use crate::book::exposure::model::{BalanceKey, Exposure};
use crate::book::exposure::store::{self, balances};
use crate::platform::db::{Change, DbError, Tx};
use kernel::ids::CustomerId;
use kernel::text::Note;

/// Moves a customer with all below it to another group, or out of any. Exposure moves with them.
///
/// # Errors
/// When the customer or parent is unknown, or the tree would not stay sound.
pub fn move_to_group(
    tx: &mut Tx,
    reference: &CustomerRef,
    version: i64,
    parent: Option<&CustomerRef>,
) -> Result<Customer, AccountError> {
    let caller = tx.caller();
    let before = customers::find_visible(tx, caller, reference)?.ok_or(CustomerError::Missing)?;
    if before.version != version {
        return Err(AccountError::Stale);
    }
    let below = customers::descendants(tx, before.id)?;
    let parent = match parent {
        Some(parent) => Some(customers_actions::join(tx, before.id, below.len(), parent)?),
        None => None,
    };
    // Everybody whose group exposure changes, and everybody whose exposure moves, locked in one go.
    let mut family: BTreeSet<CustomerId> = below.into_iter().flatten().collect();
    family.insert(before.id);
    let mut everyone = family.clone();
    everyone.extend(parent);
    let locked = lock_all(tx, &everyone)?;
    let old_above = customers::ancestors(tx, before.id)?;
    let new_above: Vec<CustomerId> = match parent {
        Some(parent) => std::iter::once(parent)
            .chain(customers::ancestors(tx, parent)?)
            .collect(),
        None => Vec::new(),
    };
    let mut owed: BTreeMap<BalanceKey, Exposure> = BTreeMap::new();
    let moved = locked
        .iter()
        .filter(|(customer, _)| family.contains(customer));
    for (key, exposure) in moved.flat_map(|(_, locked)| locked.owed()) {
        let sum = owed.entry(key).or_default();
        *sum = sum
            .plus(exposure)
            .and_then(Exposure::kept)
            .map_err(DbError::from)?;
    }
    owed.retain(|_, exposure| !exposure.is_zero());
    let above = store::list_by_customers(tx, &[old_above.clone(), new_above.clone()].concat())?;
    let balances = balances::list(tx, &above)?;
    let mut movements = Movements::default();
    for account in &above {
        for (key, exposure) in &owed {
            if old_above.contains(&account.customer_id) {
                movements.add_to_group(account, *key, -*exposure)?;
            }
            if new_above.contains(&account.customer_id) {
                movements.add_to_group(account, *key, *exposure)?;
            }
        }
    }
    movements.check(&above, &balances)?;
    movements.write(tx)?;
    let mut after = before.clone();
    after.parent_customer_id = parent;
    let after = customers::update_if_unchanged(tx, &after)?.ok_or(AccountError::Stale)?;
    tx.record(
        Change::new("customer.moved", after.id)
            .before(&before)
            .after(&after),
    )?;
    Ok(after)
}

/// Changes what the patch names of a customer. With another owner, country or industry, what it owes counts under other
/// caps.
///
/// # Errors
/// When the customer is not there or not visible, was changed since `version`, or sales name another owner, country or
/// industry where that would put the customer under other caps.
pub fn change_customer(
    tx: &mut Tx,
    reference: &CustomerRef,
    version: i64,
    patch: &CustomerPatch,
) -> Result<Customer, AccountError> {
    let caller = tx.caller();
    let found = customers::find_visible(tx, caller, reference)?.ok_or(CustomerError::Missing)?;
    let locked = lock_all(tx, &BTreeSet::from([found.id]))?.remove(&found.id);
    let after = customers_actions::change(tx, reference, version, patch)?;
    if let Some(locked) = locked
        && caps::follow(tx, &locked, &locked.account)?
        && caller.sees_only_own()
    {
        return Err(AccountError::CapsAreCredits);
    }
    Ok(after)
}

/// Says how far the law has come in on a customer, and why we say so. Who is insolvent or dissolved buys nothing on account
/// from this moment on, as the policy has it.
///
/// # Errors
/// When the customer is not there or not visible, was changed since `version`, or the day can't be.
pub fn set_legal_status(
    tx: &mut Tx,
    reference: &CustomerRef,
    version: i64,
    status: LegalStatus,
    since: Option<NaiveDate>,
    reason: &Note,
) -> Result<Customer, AccountError> {
    let caller = tx.caller();
    let found = customers::find_visible(tx, caller, reference)?.ok_or(CustomerError::Missing)?;
    lock_all(tx, &BTreeSet::from([found.id]))?;
    let after = customers_actions::set_legal_status(tx, reference, version, status, since, reason)?;
    blocks::hand_down(tx, &[after.id])?;
    Ok(after)
}
