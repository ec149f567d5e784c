//! Blocks on accounts: put and lifted for one cause at a time, and handed down from what is known of a customer.

use std::collections::{BTreeMap, BTreeSet};

use super::lock_all;
use crate::book::customers::model::LegalStatus;
use crate::book::customers::store as customers;
use crate::book::exposure::model::{AccountBlock, BlockCause};
use crate::book::exposure::store;
use crate::platform::db::{Change, Db, DbError, Tx};
use kernel::ids::{AccountBlockId, CreditAccountId, CustomerId};

/// Puts a block on an account; one of the same cause that stands on it already is left as it is.
///
/// # Errors
/// When the database fails.
pub fn block(
    tx: &mut Tx,
    account: CreditAccountId,
    cause: BlockCause,
    reason: &str,
) -> Result<(), DbError> {
    let block = AccountBlock {
        id: AccountBlockId::new(),
        account_id: account,
        cause,
        reason: reason.to_owned(),
        set_at: tx.now(),
        set_by: tx.caller().subject.clone(),
        lifted_at: None,
        lifted_by: None,
    };
    if store::insert_block(tx, &block)? {
        tx.record(
            Change::new("credit_account.blocked", account)
                .after(&block)
                .because(reason),
        )?;
    }
    Ok(())
}

/// Lifts the block of one cause from an account, when there is one.
///
/// # Errors
/// When the database fails.
pub fn unblock(
    tx: &mut Tx,
    account: CreditAccountId,
    cause: BlockCause,
    reason: &str,
) -> Result<(), DbError> {
    for lifted in store::lift_blocks(tx, account, cause)? {
        let before = AccountBlock {
            lifted_at: None,
            lifted_by: None,
            ..lifted.clone()
        };
        tx.record(
            Change::new("credit_account.unblocked", account)
                .before(&before)
                .after(&lifted)
                .because(reason),
        )?;
    }
    Ok(())
}

/// The causes that follow from what is known of the customer, not from its account.
const HANDED_DOWN: [BlockCause; 3] = [
    BlockCause::Insolvent,
    BlockCause::Dissolved,
    BlockCause::InDefault,
];

/// Brings the blocks on the accounts of these customers in line with their legal status and with their rating. Most have
/// no block and need none; only the accounts of the others are locked.
///
/// # Errors
/// When the database fails.
pub fn hand_down(tx: &mut Tx, of: &[CustomerId]) -> Result<(), DbError> {
    let wrong: BTreeSet<CustomerId> = corrections(tx, of)?
        .into_iter()
        .map(|correction| correction.customer)
        .collect();
    if wrong.is_empty() {
        return Ok(());
    }
    let locked = lock_all(tx, &wrong)?;
    let wrong: Vec<CustomerId> = wrong.into_iter().collect();
    for correction in corrections(tx, &wrong)? {
        let Some(locked) = locked.get(&correction.customer) else {
            continue;
        };
        let (account, cause) = (locked.account.id, correction.cause);
        match correction.reason {
            Some(reason) => block(tx, account, cause, &reason)?,
            None => unblock(tx, account, cause, "It is so no longer.")?,
        }
    }
    Ok(())
}

/// [`hand_down`] for the whole book: for one that was kept before blocks followed what is known of customers.
///
/// # Errors
/// When the database fails.
pub fn hand_down_all(tx: &mut Tx) -> Result<(), DbError> {
    let mut concerned: BTreeSet<CustomerId> = customers::list_ruined(tx)?.into_iter().collect();
    concerned.extend(store::list_blocked_for(tx, &HANDED_DOWN)?);
    let concerned: Vec<CustomerId> = concerned.into_iter().collect();
    for chunk in concerned.chunks(1_000) {
        hand_down(tx, chunk)?;
    }
    Ok(())
}

/// A block too few or too many.
struct Correction {
    customer: CustomerId,
    cause: BlockCause,
    /// Why the block is to stand; none when it is to be lifted.
    reason: Option<String>,
}

fn corrections(db: &mut Db, of: &[CustomerId]) -> Result<Vec<Correction>, DbError> {
    let accounts: BTreeSet<CustomerId> = store::list_by_customers(db, of)?
        .into_iter()
        .map(|account| account.customer_id)
        .collect();
    let mut wanted: BTreeMap<(CustomerId, BlockCause), String> = BTreeMap::new();
    for (customer, status) in customers::list_legal_statuses(db, of)? {
        let cause = match status {
            LegalStatus::Insolvent => BlockCause::Insolvent,
            LegalStatus::Dissolved => BlockCause::Dissolved,
            LegalStatus::None | LegalStatus::Sued | LegalStatus::Judgment => continue,
        };
        wanted.insert((customer, cause), format!("The customer is {status}."));
    }
    for (customer, since) in customers::list_in_default(db, of)? {
        let reason = format!("In default since {since}, by its rating.");
        wanted.insert((customer, BlockCause::InDefault), reason);
    }
    wanted.retain(|(customer, _), _| accounts.contains(customer));
    let standing: BTreeSet<(CustomerId, BlockCause)> = store::list_causes(db, of, &HANDED_DOWN)?
        .into_iter()
        .collect();
    let correction = |(customer, cause), reason| Correction {
        customer,
        cause,
        reason,
    };
    let needless = standing.iter().filter(|key| !wanted.contains_key(key));
    let needless: Vec<Correction> = needless.map(|key| correction(*key, None)).collect();
    let lacking = wanted
        .into_iter()
        .filter(|(key, _)| !standing.contains(key));
    let lacking = lacking.map(|(key, reason)| correction(key, Some(reason)));
    Ok(lacking.chain(needless).collect())
}
