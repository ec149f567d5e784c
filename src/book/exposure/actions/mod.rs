//! What is done with credit accounts, and how every other room moves exposure.

mod groups;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::Serialize;

use crate::book::customers::actions::CustomerError;
use crate::book::customers::model::{Customer, CustomerRef};
use crate::book::customers::store as customers;
use crate::book::exposure::api::CreditAccountIn;
use crate::book::exposure::model::{
    AccountBlock, AccountStatus, BlockCause, CreditAccount, Exposure, Limit, LimitEntry,
    LimitScope, LimitSource,
};
use crate::book::exposure::rules::Node;
use crate::book::exposure::store::{self, Movement};
use crate::kernel::ids::{AccountBlockId, ApplicationId, CreditAccountId, CustomerId, LimitId};
use crate::kernel::money::{Currency, Money};
use crate::kernel::text::Note;
use crate::platform::db::{Change, Db, DbError, Tx};

pub use groups::move_to_group;

/// Why a use case on credit accounts was refused.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    #[error("there is no such credit account")]
    Missing,
    #[error("there is no such customer")]
    NoSuchCustomer,
    #[error("the customer has no credit account")]
    NoAccount,
    #[error("the customer has a credit account already")]
    AccountExists,
    #[error("the group has another currency")]
    GroupCurrency { given: Currency, expected: Currency },
    #[error("the amount is in another currency")]
    Currency { given: Currency, expected: Currency },
    #[error("one person may lower a limit, not raise it")]
    NotLower,
    #[error("the account is {0} already")]
    AlreadyIs(AccountStatus),
    #[error("the account changed meanwhile")]
    Stale,
    #[error(transparent)]
    Customer(#[from] CustomerError),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// An account and those of its customer's ancestors, locked until the unit of work ends.
#[derive(Debug, Clone)]
pub struct Locked {
    pub account: CreditAccount,
    /// The nearest first.
    pub ancestors: Vec<CreditAccount>,
}

/// A customer with its account, as another room needs both.
#[derive(Debug, Clone)]
pub struct Standing {
    pub customer: Customer,
    pub account: CreditAccount,
}

impl Locked {
    /// The nodes that the account belongs to and whose limits hold: its own, and each group's that has one.
    pub fn nodes(&self) -> Vec<Node> {
        let groups = std::iter::once(&self.account).chain(&self.ancestors);
        std::iter::once(Node::own(&self.account))
            .chain(groups.filter_map(Node::group))
            .collect()
    }
}

/// Locks the customer's account and those of all its ancestors, in order of id, so that two units of work can never
/// wait for each other.
///
/// # Errors
/// When the customer has no credit account.
pub fn lock(tx: &mut Tx, customer: CustomerId) -> Result<Locked, AccountError> {
    let mut locked = lock_all(tx, &BTreeSet::from([customer]))?;
    locked.remove(&customer).ok_or(AccountError::NoAccount)
}

/// [`lock`] for many customers at once; customers without an account are left out.
///
/// # Errors
/// When the database fails.
pub fn lock_all(
    tx: &mut Tx,
    wanted: &BTreeSet<CustomerId>,
) -> Result<BTreeMap<CustomerId, Locked>, DbError> {
    loop {
        let lines = lines(tx, wanted)?;
        let mut accounts = BTreeMap::new();
        for chunk in everyone(&lines).chunks(5_000) {
            for account in store::lock_by_customers(tx, chunk)? {
                accounts.insert(account.customer_id, account);
            }
        }
        // A customer that was moved to another group while we waited for its lock has other ancestors now.
        if lines != self::lines(tx, wanted)? {
            continue;
        }
        return Ok(with_ancestors(lines, &accounts));
    }
}

/// What [`lock_all`] gives, without locking anything: for questions that change nothing.
///
/// # Errors
/// When the database fails.
pub fn read_all(
    db: &mut Db,
    wanted: &BTreeSet<CustomerId>,
) -> Result<BTreeMap<CustomerId, Locked>, DbError> {
    let lines = lines(db, wanted)?;
    let mut accounts = BTreeMap::new();
    for chunk in everyone(&lines).chunks(5_000) {
        for account in store::list_by_customers(db, chunk)? {
            accounts.insert(account.customer_id, account);
        }
    }
    Ok(with_ancestors(lines, &accounts))
}

/// The customers of these lines and all their ancestors.
fn everyone(lines: &BTreeMap<CustomerId, Vec<CustomerId>>) -> Vec<CustomerId> {
    let everyone: BTreeSet<CustomerId> = lines
        .iter()
        .flat_map(|(customer, line)| std::iter::once(*customer).chain(line.iter().copied()))
        .collect();
    everyone.into_iter().collect()
}

fn with_ancestors(
    lines: BTreeMap<CustomerId, Vec<CustomerId>>,
    accounts: &BTreeMap<CustomerId, CreditAccount>,
) -> BTreeMap<CustomerId, Locked> {
    lines
        .into_iter()
        .filter_map(|(customer, line)| {
            let account = accounts.get(&customer)?.clone();
            let ancestors = line
                .iter()
                .filter_map(|ancestor| accounts.get(ancestor).cloned())
                .collect();
            Some((customer, Locked { account, ancestors }))
        })
        .collect()
}

/// Each customer's line of ancestors, read level by level: as many queries as groups are deep.
pub fn lines(
    db: &mut Db,
    wanted: &BTreeSet<CustomerId>,
) -> Result<BTreeMap<CustomerId, Vec<CustomerId>>, DbError> {
    let mut parents: BTreeMap<CustomerId, Option<CustomerId>> = BTreeMap::new();
    let mut level: Vec<CustomerId> = wanted.iter().copied().collect();
    while !level.is_empty() {
        let mut found = Vec::new();
        for chunk in level.chunks(5_000) {
            found.extend(customers::list_parents(db, chunk)?);
        }
        parents.extend(found);
        level = parents
            .values()
            .flatten()
            .filter(|parent| !parents.contains_key(parent))
            .copied()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
    }
    Ok(wanted
        .iter()
        .map(|customer| {
            let line = std::iter::successors(parents.get(customer).copied().flatten(), |at| {
                parents.get(at).copied().flatten()
            });
            (*customer, line.collect())
        })
        .collect())
}

/// Adds `change` to the account's exposure and to that of every group it belongs to. The account must be locked.
///
/// # Errors
/// When the database fails, also when an amount would fall below zero: that is a fault of ours, never of a caller.
pub fn post(tx: &mut Tx, locked: &Locked, change: Exposure) -> Result<(), DbError> {
    post_all(tx, &[(locked, change)])
}

/// [`post`] for many accounts at once.
///
/// # Errors
/// As [`post`].
pub fn post_all(tx: &mut Tx, changes: &[(&Locked, Exposure)]) -> Result<(), DbError> {
    let mut movements: BTreeMap<CreditAccountId, Movement> = BTreeMap::new();
    for (locked, change) in changes.iter().filter(|(_, change)| !change.is_zero()) {
        let own = movements.entry(locked.account.id).or_default();
        own.own += *change;
        own.group += *change;
        for ancestor in &locked.ancestors {
            movements.entry(ancestor.id).or_default().group += *change;
        }
    }
    if movements.is_empty() {
        return Ok(());
    }
    store::add_movements(tx, &movements)
}

/// The visible customer under this reference, with its account.
///
/// # Errors
/// When there is no such customer for the caller, or it has no account.
pub fn find_standing(tx: &mut Tx, reference: &CustomerRef) -> Result<Standing, AccountError> {
    let caller = tx.caller();
    let customer =
        customers::find_visible(tx, caller, reference)?.ok_or(AccountError::NoSuchCustomer)?;
    let account = store::list_by_customers(tx, &[customer.id])?
        .pop()
        .ok_or(AccountError::NoAccount)?;
    Ok(Standing { customer, account })
}

/// Opens the customer's credit account, with no credit granted yet.
///
/// # Errors
/// When the customer is unknown or has an account, or its group has another currency.
pub fn open(tx: &mut Tx, input: &CreditAccountIn) -> Result<CreditAccount, AccountError> {
    let caller = tx.caller();
    let customer = customers::find_visible(tx, caller, &input.customer)?
        .ok_or(AccountError::NoSuchCustomer)?;
    open_for(
        tx,
        customer.id,
        input.currency,
        input.net_days.unwrap_or(30),
    )
}

/// [`open`] for a customer that is known already.
///
/// # Errors
/// As [`open`].
pub fn open_for(
    tx: &mut Tx,
    customer: CustomerId,
    currency: Currency,
    net_days: i32,
) -> Result<CreditAccount, AccountError> {
    let ancestors = customers::ancestors(tx, customer)?;
    let below: Vec<CustomerId> = customers::descendants(tx, customer)?.concat();
    let relatives: Vec<CustomerId> = ancestors.iter().chain(&below).copied().collect();
    let relatives = store::lock_by_customers(tx, &relatives)?;
    if let Some(other) = relatives.iter().find(|other| other.currency != currency) {
        return Err(AccountError::GroupCurrency {
            given: currency,
            expected: other.currency,
        });
    }
    // Those below may owe already; what they owe is the group's from the first moment.
    let group = relatives
        .iter()
        .filter(|relative| below.contains(&relative.customer_id))
        .fold(Exposure::default(), |sum, relative| {
            sum + relative.exposure()
        });
    let account = CreditAccount::opened(customer, currency, net_days, group, tx.now());
    store::insert(tx, std::slice::from_ref(&account)).map_err(|error| {
        if error.is_duplicate_of("credit_accounts", &["customer_id"]) {
            AccountError::AccountExists
        } else {
            error.into()
        }
    })?;
    tx.record(Change::new("credit_account.opened", account.id).after(&account))?;
    Ok(account)
}

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
        set_by: tx.caller().subject.to_string(),
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

/// Suspends or reinstates an account.
///
/// # Errors
/// When the account is not there, changed since `version`, or has the status already.
pub fn set_status(
    tx: &mut Tx,
    id: CreditAccountId,
    version: i64,
    status: AccountStatus,
    reason: &Note,
) -> Result<CreditAccount, AccountError> {
    let locked = lock_version(tx, id, version)?;
    if locked.account.status == status {
        return Err(AccountError::AlreadyIs(status));
    }
    let after = CreditAccount {
        status,
        ..locked.account.clone()
    };
    let action = match status {
        AccountStatus::Active => "credit_account.reinstated",
        AccountStatus::Suspended => "credit_account.suspended",
    };
    save(tx, action, &locked.account, &after, reason)
}

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
        set_by: tx.caller().subject.to_string(),
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
    if store::lift_blocks(tx, account, cause)? > 0 {
        tx.record(
            Change::new("credit_account.unblocked", account)
                .after(&cause)
                .because(reason),
        )?;
    }
    Ok(())
}

/// Changes the terms of an account, or the dunning procedure that holds for it.
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
    save(
        tx,
        "credit_account.changed",
        &locked.account,
        &after,
        reason,
    )
}

fn lock_version(tx: &mut Tx, id: CreditAccountId, version: i64) -> Result<Locked, AccountError> {
    let account = store::find(tx, id)?.ok_or(AccountError::Missing)?;
    let locked = lock(tx, account.customer_id)?;
    if locked.account.version != version {
        return Err(AccountError::Stale);
    }
    Ok(locked)
}

fn save(
    tx: &mut Tx,
    action: &'static str,
    before: &CreditAccount,
    after: &CreditAccount,
    reason: impl ToString + Serialize,
) -> Result<CreditAccount, AccountError> {
    let after = store::update_if_unchanged(tx, after)?.ok_or(AccountError::Stale)?;
    tx.record(
        Change::new(action, after.id)
            .before(before)
            .after(&after)
            .because(reason),
    )?;
    Ok(after)
}
