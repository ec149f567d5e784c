//! What is to be added to what accounts, groups and caps owe, and by which balance it counts.

use std::collections::BTreeMap;

use super::{AccountLine, caps};
use crate::book::exposure::model::{AccountBalance, BalanceKey, CreditAccount, Exposure};
use crate::book::exposure::store::{self, Movement, balances};
use crate::platform::db::{DbError, Tx};
use kernel::ids::CreditAccountId;

/// Movements of accounts' own rows, of balances beside them, and of caps.
#[derive(Default)]
pub struct Movements {
    pub accounts: BTreeMap<CreditAccountId, Movement>,
    pub balances: BTreeMap<(CreditAccountId, BalanceKey), Movement>,
    pub caps: caps::Movements,
}

impl Movements {
    /// Adds a change to an account, to every group that it belongs to, and to every cap that it counts under.
    ///
    /// # Errors
    /// When it comes to more than can be kept.
    pub fn add(
        &mut self,
        line: &AccountLine,
        key: BalanceKey,
        change: Exposure,
    ) -> Result<(), DbError> {
        if change.is_zero() {
            return Ok(());
        }
        let own = self.of(&line.account, key);
        own.own = own.own.plus(change)?;
        for account in line.line() {
            self.add_to_group(account, key, change)?;
        }
        for cap in &line.caps {
            let of_cap = self.caps.entry((*cap, key.currency)).or_default();
            *of_cap = of_cap.plus(change)?;
        }
        Ok(())
    }

    /// Adds a change to what the group under an account owes.
    ///
    /// # Errors
    /// When it comes to more than can be kept.
    pub fn add_to_group(
        &mut self,
        account: &CreditAccount,
        key: BalanceKey,
        change: Exposure,
    ) -> Result<(), DbError> {
        let movement = self.of(account, key);
        movement.group = movement.group.plus(change)?;
        Ok(())
    }

    fn of(&mut self, account: &CreditAccount, key: BalanceKey) -> &mut Movement {
        if key == account.home() {
            self.accounts.entry(account.id).or_default()
        } else {
            self.balances.entry((account.id, key)).or_default()
        }
    }

    /// Whether accounts, with the balances that they have, can keep it all.
    ///
    /// # Errors
    /// When one would owe more than can be kept.
    pub fn check<'a>(
        &self,
        accounts: impl IntoIterator<Item = &'a CreditAccount>,
        balances: &[AccountBalance],
    ) -> Result<(), DbError> {
        for account in accounts {
            let moved = self.accounts.get(&account.id).copied().unwrap_or_default();
            account.exposure().plus(moved.own)?.kept()?;
            account.group_exposure().plus(moved.group)?.kept()?;
        }
        for balance in balances {
            let key = (balance.account_id, balance.key());
            let moved = self.balances.get(&key).copied().unwrap_or_default();
            balance.exposure().plus(moved.own)?.kept()?;
            balance.group_exposure().plus(moved.group)?.kept()?;
        }
        Ok(())
    }

    /// Writes it all. The accounts must be locked.
    ///
    /// # Errors
    /// When the database fails, also when an amount would fall below zero: that is a fault of ours, never of a caller.
    pub fn write(&self, tx: &mut Tx) -> Result<(), DbError> {
        let mut writes = tx.writes();
        store::add_movements(&mut writes, &self.accounts)?;
        writes.send()?;
        balances::add(tx, &self.balances)?;
        caps::post(tx, &self.caps)
    }
}
