//! Limits beside the base limit: for a while, for one order, by security, by insurance.

use chrono::Duration;

use super::{AccountError, lock};
use crate::book::customers::store as customers;
use crate::book::exchange_rates::actions::approving_policy;
use crate::book::exposure::input::AdditionalLimitIn;
use crate::book::exposure::model::{AdditionalLimit, AdditionalStatus, CreditAccount, LimitScope};
use crate::book::exposure::store::additional;
use crate::book::exposure::{rules, store};
use crate::book::policy::actions as policies;
use crate::book::policy::model::PolicyDocument;
use crate::book::policy::rules::{authority_of, role_needed};
use crate::platform::db::{Change, DbError, Tx};
use kernel::caller::{Caller, Role};
use kernel::clock::Day;
use kernel::ids::{AdditionalLimitId, CreditAccountId, CustomerId};
use kernel::money::{Currency, Money};

/// How many additional limits may stand on one account.
pub const STANDING_MAX: usize = 50;

/// The roles whose authority an additional limit may be granted by.
const GRANTORS: [Role; 2] = [Role::Credit, Role::Finance];

/// Why a use case on additional limits was refused.
#[derive(Debug, thiserror::Error)]
pub enum AdditionalError {
    #[error("there is no such additional limit")]
    Missing,
    #[error("the amount is in another currency")]
    Currency { given: Currency, expected: Currency },
    #[error("the limit would have ended already")]
    Past,
    #[error("the limit would end before it begins")]
    Backwards,
    #[error("there is nothing to raise")]
    NothingToRaise(LimitScope),
    #[error("the account has {STANDING_MAX} additional limits already")]
    TooMany,
    #[error("the customer is the grantor's own")]
    OwnCustomer,
    #[error("the total limit is above the grantor's authority")]
    OverAuthority { total: Money, needed: String },
    #[error("the limit is {0}")]
    Ended(AdditionalStatus),
    #[error("the limit changed meanwhile")]
    Stale,
    #[error(transparent)]
    Account(#[from] AccountError),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Grants an additional limit. With it, and with all others that hold at some time of it, the limit must be within the
/// grantor's authority; and nobody grants anything to a customer of their own.
///
/// # Errors
/// When the account is not there, the limit is not sound, or above the grantor's authority.
pub fn grant(
    tx: &mut Tx,
    account: CreditAccountId,
    input: &AdditionalLimitIn,
) -> Result<AdditionalLimit, AdditionalError> {
    let found = store::find(tx, account)?.ok_or(AccountError::Missing)?;
    let locked = lock(tx, found.customer_id)?;
    refuse_own(tx, &locked.account)?;
    let limit = draft(tx, &locked.account, input)?;
    let today = tx.today();
    let standing = additional::list_standing(tx, &[account], today)?;
    let active = standing
        .iter()
        .filter(|limit| limit.status == AdditionalStatus::Active);
    if active.count() >= STANDING_MAX {
        return Err(AdditionalError::TooMany);
    }
    let total = total_with(&locked.account, &standing, &limit)?;
    let policy = approving_policy(tx, &[total.currency()])?;
    refuse_beyond_authority(tx.caller(), &policy.document, total)?;
    additional::insert(tx, &limit)?;
    tx.record(
        Change::new("additional_limit.granted", limit.id)
            .after(&limit)
            .because(&limit.reason),
    )?;
    Ok(limit)
}

fn draft(
    tx: &Tx,
    account: &CreditAccount,
    input: &AdditionalLimitIn,
) -> Result<AdditionalLimit, AdditionalError> {
    let amount = input.amount.money();
    if amount.currency() != account.currency {
        return Err(AdditionalError::Currency {
            given: amount.currency(),
            expected: account.currency,
        });
    }
    let valid_from = input.valid_from.map_or_else(|| tx.today(), Day::date);
    let valid_until = input.valid_until.date();
    if valid_until < tx.today() {
        return Err(AdditionalError::Past);
    }
    if valid_until < valid_from {
        return Err(AdditionalError::Backwards);
    }
    Ok(AdditionalLimit {
        id: AdditionalLimitId::new(),
        account_id: account.id,
        scope: input.scope.unwrap_or(LimitScope::Own),
        kind: input.kind,
        amount_minor: amount.minor(),
        currency: account.currency,
        valid_from,
        valid_until,
        order_number: input.order_number.clone(),
        reference: input.reference.as_ref().map(ToString::to_string),
        status: AdditionalStatus::Active,
        reason: input.reason.to_string(),
        granted_by: tx.caller().subject.clone(),
        granted_at: tx.now(),
        ended_by: None,
        ended_at: None,
        end_reason: None,
        version: 1,
    })
}

/// The highest that the limit it raises can be with it.
fn total_with(
    account: &CreditAccount,
    standing: &[AdditionalLimit],
    new: &AdditionalLimit,
) -> Result<Money, AdditionalError> {
    let base = match new.scope {
        LimitScope::Own => Some(account.limit()),
        LimitScope::Group => account.group_limit(),
    };
    // Where no limit holds, or an unlimited one, nothing can raise it.
    let base = base
        .and_then(crate::book::exposure::model::Limit::minor)
        .ok_or(AdditionalError::NothingToRaise(new.scope))?;
    let total = rules::highest_total(base, standing, new).map_err(DbError::from)?;
    Ok(account.money(total))
}

/// Ends an additional limit that was not consumed. What was bought by it is owed all the same.
///
/// # Errors
/// When the limit is not there, ended, or changed since `version`.
pub fn withdraw(
    tx: &mut Tx,
    id: AdditionalLimitId,
    version: i64,
    reason: &str,
) -> Result<AdditionalLimit, AdditionalError> {
    let found = additional::find(tx, id)?.ok_or(AdditionalError::Missing)?;
    let account = store::find(tx, found.account_id)?.ok_or(AdditionalError::Missing)?;
    lock(tx, account.customer_id)?;
    // Only what is read under the lock is true: an order may have consumed it meanwhile.
    let before = additional::find(tx, id)?.ok_or(AdditionalError::Missing)?;
    if before.version != version {
        return Err(AdditionalError::Stale);
    }
    if before.status != AdditionalStatus::Active {
        return Err(AdditionalError::Ended(before.status));
    }
    let after = AdditionalLimit {
        status: AdditionalStatus::Withdrawn,
        ended_by: Some(tx.caller().subject.clone()),
        ended_at: Some(tx.now()),
        end_reason: Some(reason.to_owned()),
        ..before.clone()
    };
    let after = additional::end_if_unchanged(tx, &after)?.ok_or(AdditionalError::Stale)?;
    tx.record(
        Change::new("additional_limit.withdrawn", id)
            .before(&before)
            .after(&after)
            .because(reason),
    )?;
    Ok(after)
}

/// Whoever is responsible for a customer's orders does not widen its credit.
fn refuse_own(tx: &mut Tx, account: &CreditAccount) -> Result<(), AdditionalError> {
    if is_own(tx, account.customer_id)? {
        return Err(AdditionalError::OwnCustomer);
    }
    Ok(())
}

/// Whether a customer is the caller's own, or was within the days that the policy says: giving it away for a moment opens
/// nothing.
///
/// # Errors
/// When the database fails.
pub fn is_own(tx: &mut Tx, customer: CustomerId) -> Result<bool, DbError> {
    let days = i64::from(policies::live(tx)?.document.own_customer_days);
    let since = tx.now().plus(-Duration::days(days));
    let caller = tx.caller();
    customers::has_owned(tx, customer, &caller.subject, since)
}

fn refuse_beyond_authority(
    caller: &Caller,
    policy: &PolicyDocument,
    total: Money,
) -> Result<(), AdditionalError> {
    let reaches = |role: &Role| {
        authority_of(caller, policy, *role).is_some_and(|authority| authority.reaches(total))
    };
    if GRANTORS.iter().any(reaches) {
        return Ok(());
    }
    let needed = GRANTORS
        .iter()
        .find_map(|role| role_needed(policy, *role, total));
    Err(AdditionalError::OverAuthority {
        total,
        needed: needed.unwrap_or_default(),
    })
}
