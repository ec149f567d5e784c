//! The terms of an account: net days, segment, exemption, dunning procedure.

use chrono::Days;

use super::additional::is_own;
use super::{AccountError, caps, lock_version, save};
use crate::book::exposure::input::CreditAccountPatch;
use crate::book::exposure::model::CreditAccount;
use crate::book::exposure::store;
use crate::book::policy::actions as policies;
use crate::book::policy::rules::{authority_of, top_level};
use crate::platform::db::Tx;
use kernel::caller::Role;
use kernel::clock::Day;
use kernel::ids::CreditAccountId;
use kernel::text::Note;

/// For how many days an account may be exempt at most.
const EXEMPT_DAYS_MAX: u64 = 366;

/// Changes what the patch names.
///
/// # Errors
/// When the account is not there or changed since `version`, or the caller may not exempt it.
pub fn change_terms(
    tx: &mut Tx,
    id: CreditAccountId,
    version: i64,
    patch: &CreditAccountPatch,
) -> Result<CreditAccount, AccountError> {
    if let Some(Some(until)) = patch.exempt_until {
        let account = store::find(tx, id)?.ok_or(AccountError::Missing)?;
        check_exemption(tx, &account, until)?;
    }
    let apply = |account: &mut CreditAccount| {
        account.net_days = patch.net_days.unwrap_or(account.net_days);
        if let Some(segment) = &patch.segment {
            account.segment.clone_from(segment);
        }
        if let Some(until) = patch.exempt_until {
            account.exempt_until = until.map(Day::date);
        }
        if let Some(billing) = &patch.billing_currencies {
            account.billing_currencies = Some(billing.clone());
        }
    };
    change(tx, id, version, apply, &patch.reason)
}

/// An exempt account may pass its limit without anybody being asked: that is as much as any limit, and takes the highest
/// level that credit has.
fn check_exemption(tx: &mut Tx, account: &CreditAccount, until: Day) -> Result<(), AccountError> {
    if is_own(tx, account.customer_id)? {
        return Err(AccountError::OwnCustomer);
    }
    let from = tx.today();
    let to = from
        .checked_add_days(Days::new(EXEMPT_DAYS_MAX))
        .unwrap_or(from);
    if until.date() < from || until.date() > to {
        return Err(AccountError::ExemptUntil { from, to });
    }
    let policy = policies::live(tx)?;
    let top = top_level(&policy.document, Role::Credit);
    let own = authority_of(tx.caller(), &policy.document, Role::Credit).map(|row| row.level);
    if own.is_none() || own != top {
        let needed = top.map_or_else(String::new, |level| {
            format!("{} level {level}", Role::Credit)
        });
        return Err(AccountError::ExemptionAboveAuthority { needed });
    }
    Ok(())
}

/// Changes the terms of an account, its segment, or the dunning procedure that holds for it. What it owes goes with it
/// from the caps of the old segment to those of the new one.
///
/// # Errors
/// When the account is not there or changed since `version`.
pub fn change(
    tx: &mut Tx,
    id: CreditAccountId,
    version: i64,
    apply: impl FnOnce(&mut CreditAccount),
    reason: &Note,
) -> Result<CreditAccount, AccountError> {
    let locked = lock_version(tx, id, version)?;
    let mut after = locked.account.clone();
    apply(&mut after);
    let before = &locked.account;
    let after = save(tx, "credit_account.changed", before, &after, reason)?;
    if after.segment != before.segment {
        caps::follow(tx, &locked, &after)?;
    }
    Ok(after)
}
