//! What is done with credit accounts, and how every other room moves exposure.

pub mod additional;
pub mod agreed;
pub mod agreements;
mod available;
mod blocks;
pub mod bounds;
pub mod caps;
pub mod counting;
pub mod entity_terms;
pub mod entries;
mod groups;
mod limits;
mod locking;
mod movements;
pub mod orders;
mod parents;
mod terms;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::Serialize;

use crate::book::customers::actions::CustomerError;
use crate::book::customers::model::{Customer, CustomerRef};
use crate::book::customers::store as customers;
use crate::book::exposure::input::CreditAccountIn;
use crate::book::exposure::model::{
    AccountStatus, BalanceKey, BillingCurrencies, CreditAccount, Exposure,
};
use crate::book::exposure::store::{self, balances};
use crate::book::payment_terms::actions::LiveTerms;
use crate::book::policy::model::ExposureSource;
use crate::platform::db::{Change, DbError, Tx};
use kernel::ids::{CreditAccountId, CustomerId};
use kernel::money::Currency;
use kernel::text::{Keyword, Note, Number};

pub use available::{Available, read_available};
pub use blocks::{block, hand_down, hand_down_all, unblock};
pub use groups::{change_customer, move_to_group, set_legal_status};
pub use limits::{Grant, grant, lower};
pub use locking::{
    AccountLine, Locked, everyone, lines, lock, lock_all, post, post_all, put_together, read_all,
};
pub use movements::Movements;
pub use parents::CUSTOMER_PARENT;
pub use terms::{change, change_terms};

/// Why a use case on credit accounts was refused.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    #[error("there is no such credit account")]
    Missing,
    #[error("there is no such customer")]
    NoSuchCustomer,
    #[error("the customer has no credit account")]
    NoAccount,
    #[error("the customer has the credit account {0} already")]
    AccountExists(CreditAccountId),
    #[error("the amount is in another currency")]
    Currency { given: Currency, expected: Currency },
    #[error("it is another legal entity's")]
    OtherEntity,
    #[error("one person may lower a limit, not raise it")]
    NotLower,
    #[error("the customer is the caller's own")]
    OwnCustomer,
    #[error("other caps would bound the customer")]
    CapsAreCredits,
    #[error("an exemption takes {needed}")]
    ExemptionAboveAuthority { needed: String },
    #[error("an exemption ends between {from} and {to}")]
    ExemptUntil { from: NaiveDate, to: NaiveDate },
    #[error("only deliveries are of an order")]
    NotADelivery,
    #[error("the delivery is of the order {0}")]
    OtherOrder(Number),
    #[error("an instrument is posted with the number {number} already")]
    PostedAlready { number: Number },
    #[error("the policy has another source for this category: {0}")]
    OtherSource(ExposureSource),
    #[error("the account is {0} already")]
    AlreadyIs(AccountStatus),
    #[error("there are no such payment terms")]
    NoSuchTerms,
    #[error("the account changed meanwhile")]
    Stale,
    #[error(transparent)]
    Customer(#[from] CustomerError),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// A customer with its account, as another room needs both.
#[derive(Debug, Clone)]
pub struct CustomerAccount {
    pub customer: Customer,
    pub account: CreditAccount,
}

/// The visible customer under this reference, with its account.
///
/// # Errors
/// When there is no such customer for the caller, or it has no account.
pub fn find_customer_account(
    tx: &mut Tx,
    reference: &CustomerRef,
) -> Result<CustomerAccount, AccountError> {
    let caller = tx.caller();
    let customer =
        customers::find_visible(tx, caller, reference)?.ok_or(AccountError::NoSuchCustomer)?;
    let account = store::list_by_customers(tx, &[customer.id])?
        .pop()
        .ok_or(AccountError::NoAccount)?;
    Ok(CustomerAccount { customer, account })
}

/// Opens the customer's credit account, with no credit granted yet.
///
/// # Errors
/// When the customer is unknown or has an account.
pub fn open(tx: &mut Tx, input: &CreditAccountIn) -> Result<CreditAccount, AccountError> {
    let caller = tx.caller();
    let customer = customers::find_visible(tx, caller, &input.customer)?
        .ok_or(AccountError::NoSuchCustomer)?;
    let net_days = input.net_days.unwrap_or(30);
    let billing = input.billing_currencies.clone();
    open_for(tx, customer.id, input.currency, net_days, billing)
}

/// Payment terms that are agreed must be live.
fn check_payment_terms(tx: &mut Tx, code: Option<&Keyword>) -> Result<(), AccountError> {
    let Some(code) = code else {
        return Ok(());
    };
    let live = LiveTerms::read(tx, &BTreeSet::from([code]))?;
    if live.knows(code) {
        Ok(())
    } else {
        Err(AccountError::NoSuchTerms)
    }
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
    billing_currencies: Option<BillingCurrencies>,
) -> Result<CreditAccount, AccountError> {
    let ancestors = customers::ancestors(tx, customer)?;
    let below: Vec<CustomerId> = customers::descendants(tx, customer)?.concat();
    let relatives: Vec<CustomerId> = ancestors.iter().chain(&below).copied().collect();
    let relatives = store::lock_by_customers(tx, &relatives)?;
    // Their checks reckon with a new account above them.
    store::touch(tx, &below)?;
    // Those below may owe already; what they owe is the group's from the first moment.
    let below: Vec<&CreditAccount> = relatives
        .iter()
        .filter(|relative| below.contains(&relative.customer_id))
        .collect();
    let others = balances::list(tx, below.iter().copied())?;
    let mut owed: BTreeMap<BalanceKey, Exposure> = BTreeMap::new();
    let homes = below
        .iter()
        .map(|account| (account.home(), account.exposure()));
    let beside = others
        .iter()
        .map(|balance| (balance.key(), balance.exposure()));
    for (key, exposure) in homes.chain(beside) {
        let sum = owed.entry(key).or_default();
        *sum = sum
            .plus(exposure)
            .and_then(Exposure::kept)
            .map_err(DbError::from)?;
    }
    let group = owed.remove(&BalanceKey::home(currency)).unwrap_or_default();
    if let Some(existing) = store::list_by_customers(tx, &[customer])?.first() {
        return Err(AccountError::AccountExists(existing.id));
    }
    let account = CreditAccount {
        billing_currencies,
        ..CreditAccount::opened(customer, currency, net_days, group, tx.now())
    };
    store::insert(tx, std::slice::from_ref(&account)).map_err(|error| {
        if error.is_duplicate_of("credit_accounts", &["customer_id"]) {
            // Somebody else has opened it at the same moment: run again, this finds it.
            DbError::Serialization("the account was opened meanwhile".to_owned())
        } else {
            error
        }
    })?;
    let mut movements = Movements::default();
    for (key, exposure) in owed.into_iter().filter(|(_, owed)| !owed.is_zero()) {
        movements.add_to_group(&account, key, exposure)?;
    }
    movements.write(tx)?;
    tx.record(Change::new("credit_account.opened", account.id).after(&account))?;
    // What is known of the customer already holds for its account from the first moment.
    hand_down(tx, &[customer])?;
    Ok(account)
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
