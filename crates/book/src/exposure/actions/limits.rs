//! Base limits: set with a history that is only appended to, and lowered by one person.

use chrono::NaiveDate;

use super::{AccountError, Locked, lock_version, save};
use crate::book::exposure::model::{CreditAccount, Limit, LimitEntry, LimitScope, LimitSource};
use crate::book::exposure::store;
use crate::platform::db::Tx;
use kernel::ids::{ApplicationId, CreditAccountId, LimitId};
use kernel::money::Money;
use kernel::text::Note;

/// A limit to be set, with where it comes from and why.
#[derive(Debug, Clone)]
pub struct Grant {
    pub scope: LimitScope,
    pub limit: Limit,
    /// The new terms; none leaves them.
    pub net_days: Option<i32>,
    pub valid_until: Option<NaiveDate>,
    pub source: LimitSource,
    pub application_id: Option<ApplicationId>,
    pub reason: String,
}

/// Sets a limit and adds it to the history. The account must be locked. Who may do this is decided by the caller:
/// the approval of an application, an import of opening limits, or [`lower`].
///
/// # Errors
/// When the account changed since it was locked, which can't be.
pub fn grant(tx: &mut Tx, locked: &Locked, grant: &Grant) -> Result<CreditAccount, AccountError> {
    let before = &locked.account;
    let mut after = before.clone();
    let minor = grant.limit.minor().unwrap_or(0);
    match grant.scope {
        LimitScope::Own => {
            after.limit_kind = grant.limit.kind();
            after.limit_minor = minor;
            after.limit_valid_until = grant.valid_until;
            grant.source.as_str().clone_into(&mut after.limit_source);
        }
        LimitScope::Group => {
            after.group_limit_kind = Some(grant.limit.kind());
            after.group_limit_minor = minor;
        }
    }
    after.net_days = grant.net_days.unwrap_or(before.net_days);
    let entry = LimitEntry {
        id: LimitId::new(),
        account_id: before.id,
        scope: grant.scope,
        limit_kind: grant.limit.kind(),
        limit_minor: minor,
        currency: before.currency,
        net_days: grant.net_days,
        valid_until: grant.valid_until,
        source: grant.source,
        application_id: grant.application_id,
        reason: grant.reason.clone(),
        set_by: tx.caller().subject.clone(),
        set_at: tx.now(),
    };
    store::insert_limits(tx, &[entry])?;
    save(
        tx,
        "credit_account.limit_set",
        before,
        &after,
        &grant.reason,
    )
}

/// Lowers a limit at once: it takes one person, because it takes away risk.
///
/// # Errors
/// When the account is not there, changed since `version`, or the limit would not be lower.
pub fn lower(
    tx: &mut Tx,
    id: CreditAccountId,
    version: i64,
    scope: LimitScope,
    limit: Money,
    reason: &Note,
) -> Result<CreditAccount, AccountError> {
    let locked = lock_version(tx, id, version)?;
    let account = &locked.account;
    if limit.currency() != account.currency {
        return Err(AccountError::Currency {
            given: limit.currency(),
            expected: account.currency,
        });
    }
    let current = match scope {
        LimitScope::Own => account.limit(),
        // Where no group limit holds, any is lower.
        LimitScope::Group => account.group_limit().unwrap_or(Limit::Unlimited),
    };
    if current
        .minor()
        .is_some_and(|current| limit.minor() >= current)
    {
        return Err(AccountError::NotLower);
    }
    let valid_until = match scope {
        LimitScope::Own => account.limit_valid_until,
        LimitScope::Group => None,
    };
    grant(
        tx,
        &locked,
        &Grant {
            scope,
            limit: Limit::Amount(limit.minor()),
            net_days: None,
            valid_until,
            source: LimitSource::Lowered,
            application_id: None,
            reason: reason.to_string(),
        },
    )
}
