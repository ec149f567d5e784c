//! Locking accounts with their groups, and moving exposure: everything that moves money goes through here.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Deref;

use super::movements::Movements;
use super::{AccountError, caps};
use crate::book::customers::store as customers;
use crate::book::exposure::model::{AccountBalance, BalanceKey, CreditAccount, Exposure};
use crate::book::exposure::rules::Owing;
use crate::book::exposure::store::{self, balances};
use crate::platform::db::{Db, DbError, Tx};
use kernel::ids::{CreditAccountId, CustomerId, PortfolioCapId};

/// An account with those of its customer's ancestors, as they were read.
#[derive(Debug, Clone)]
pub struct AccountLine {
    pub account: CreditAccount,
    /// The nearest first.
    pub ancestors: Vec<CreditAccount>,
    /// The caps under which the account counts.
    pub caps: Vec<PortfolioCapId>,
    /// What these accounts owe beside their home balances.
    pub balances: Vec<AccountBalance>,
}

impl AccountLine {
    /// The account, then its ancestors from the nearest on.
    pub fn line(&self) -> Vec<&CreditAccount> {
        std::iter::once(&self.account)
            .chain(&self.ancestors)
            .collect()
    }

    /// The account with what it owes, then its ancestors from the nearest on.
    pub fn owing(&self) -> Vec<Owing<'_>> {
        let owing = |account| Owing {
            account,
            balances: &self.balances,
        };
        self.line().into_iter().map(owing).collect()
    }

    /// What the account itself owes, by balance: the home balance first.
    pub fn owed(&self) -> impl Iterator<Item = (BalanceKey, Exposure)> {
        let own = self.account.id;
        let others = self.balances.iter();
        std::iter::once((self.account.home(), self.account.exposure())).chain(
            others
                .filter(move |balance| balance.account_id == own)
                .map(|balance| (balance.key(), balance.exposure())),
        )
    }
}

/// An [`AccountLine`] that is locked until the unit of work ends, so that its accounts and caps stay as they are. Only
/// [`lock_all`] makes one.
#[derive(Debug, Clone)]
pub struct Locked(AccountLine);

impl Locked {
    /// The same after the unit of work itself changed the account.
    pub fn set_account(&mut self, account: CreditAccount) {
        self.0.account = account;
    }
}

impl Deref for Locked {
    type Target = AccountLine;

    fn deref(&self) -> &AccountLine {
        &self.0
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
        let locked = assemble(tx, lines, &accounts)?;
        return Ok(locked
            .into_iter()
            .map(|(customer, line)| (customer, Locked(line)))
            .collect());
    }
}

/// What [`lock_all`] gives, without locking anything: for questions that change nothing.
///
/// # Errors
/// When the database fails.
pub fn read_all(
    db: &mut Db,
    wanted: &BTreeSet<CustomerId>,
) -> Result<BTreeMap<CustomerId, AccountLine>, DbError> {
    let lines = lines(db, wanted)?;
    let mut accounts = BTreeMap::new();
    for chunk in everyone(&lines).chunks(5_000) {
        for account in store::list_by_customers(db, chunk)? {
            accounts.insert(account.customer_id, account);
        }
    }
    assemble(db, lines, &accounts)
}

/// The customers of these lines and all their ancestors.
pub fn everyone(lines: &BTreeMap<CustomerId, Vec<CustomerId>>) -> Vec<CustomerId> {
    let everyone: BTreeSet<CustomerId> = lines
        .iter()
        .flat_map(|(customer, line)| std::iter::once(*customer).chain(line.iter().copied()))
        .collect();
    everyone.into_iter().collect()
}

/// [`put_together`] with the caps read.
fn assemble(
    db: &mut Db,
    lines: BTreeMap<CustomerId, Vec<CustomerId>>,
    accounts: &BTreeMap<CustomerId, CreditAccount>,
) -> Result<BTreeMap<CustomerId, AccountLine>, DbError> {
    let own: Vec<&CreditAccount> = lines.keys().filter_map(|id| accounts.get(id)).collect();
    let caps = caps::of(db, &own)?;
    let balances = balances::list(db, accounts.values())?;
    Ok(put_together(lines, accounts, caps, &balances))
}

/// Puts each customer's account together with those of its ancestors and with its caps; groups count under caps by their
/// own accounts. Customers without an account are left out.
pub fn put_together(
    lines: BTreeMap<CustomerId, Vec<CustomerId>>,
    accounts: &BTreeMap<CustomerId, CreditAccount>,
    mut caps: BTreeMap<CreditAccountId, Vec<PortfolioCapId>>,
    balances: &[AccountBalance],
) -> BTreeMap<CustomerId, AccountLine> {
    let mut of_accounts: HashMap<CreditAccountId, Vec<&AccountBalance>> = HashMap::new();
    for balance in balances {
        let of_account = of_accounts.entry(balance.account_id).or_default();
        of_account.push(balance);
    }
    lines
        .into_iter()
        .filter_map(|(customer, above)| {
            let account = accounts.get(&customer)?.clone();
            let ancestors: Vec<CreditAccount> = above
                .iter()
                .filter_map(|ancestor| accounts.get(ancestor).cloned())
                .collect();
            let caps = caps.remove(&account.id).unwrap_or_default();
            let of_line = std::iter::once(&account).chain(&ancestors);
            let of_line = of_line.filter_map(|account| of_accounts.get(&account.id));
            let line = AccountLine {
                balances: of_line.flatten().copied().cloned().collect(),
                account,
                ancestors,
                caps,
            };
            Some((customer, line))
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

/// Adds `change` to a balance of the account, to that of every group it belongs to, and to that of every cap it counts
/// under. The account must be locked.
///
/// # Errors
/// When the exposure would come to more than can be kept. When the database fails, also when an amount would fall below
/// zero: that is a fault of ours, never of a caller.
pub fn post(
    tx: &mut Tx,
    locked: &Locked,
    key: BalanceKey,
    change: Exposure,
) -> Result<(), DbError> {
    post_all(tx, &[(locked, key, change)])
}

/// [`post`] for many accounts at once.
///
/// # Errors
/// As [`post`].
pub fn post_all(tx: &mut Tx, changes: &[(&Locked, BalanceKey, Exposure)]) -> Result<(), DbError> {
    let mut movements = Movements::default();
    for (locked, key, change) in changes {
        movements.add(locked, *key, *change)?;
    }
    for (locked, _, _) in changes {
        movements.check(locked.line(), &locked.balances)?;
    }
    movements.write(tx)
}
