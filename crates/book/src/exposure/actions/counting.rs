//! What counts of what accounts owe: all their balances, in the currency of the limit, by the rates of a day.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::book::exchange_rates::actions as exchange_rates;
use crate::book::exchange_rates::rules::{Conversions, RateTable};
use crate::book::exposure::model::{AccountBalance, CreditAccount};
use crate::book::exposure::rules::{Node, Owing};
use crate::book::exposure::store::balances;
use crate::book::policy::model::PolicyDocument;
use crate::platform::db::{Db, DbError};
use kernel::ids::CreditAccountId;
use kernel::money::Currency;

/// The balances of some accounts, with the rates that hold on a day.
pub struct Counting {
    balances: BTreeMap<CreditAccountId, Vec<AccountBalance>>,
    table: RateTable,
}

impl Counting {
    /// Reads them in two queries; in none where the accounts owe nothing beside their home balances.
    ///
    /// # Errors
    /// When the database fails.
    pub fn read<'a>(
        db: &mut Db,
        accounts: impl IntoIterator<Item = &'a CreditAccount>,
        on: NaiveDate,
    ) -> Result<Counting, DbError> {
        let accounts: Vec<&CreditAccount> = accounts.into_iter().collect();
        let mut found: BTreeMap<CreditAccountId, Vec<AccountBalance>> = BTreeMap::new();
        for balance in balances::list(db, accounts.iter().copied())? {
            found.entry(balance.account_id).or_default().push(balance);
        }
        let mut currencies: BTreeSet<Currency> = BTreeSet::new();
        for account in accounts {
            let others = found.get(&account.id).into_iter().flatten();
            let before = currencies.len();
            currencies.extend(others.map(|balance| balance.currency));
            if currencies.len() > before {
                currencies.insert(account.currency);
            }
        }
        let table = if currencies.len() < 2 {
            RateTable::new(on, [])
        } else {
            exchange_rates::latest(db, &currencies.into_iter().collect::<Vec<_>>(), on)?
        };
        Ok(Counting {
            balances: found,
            table,
        })
    }

    /// What counts of all that an account owes, in the currency of its limit.
    ///
    /// # Errors
    /// The currencies between which no exchange rate leads.
    pub fn counted(
        &self,
        account: &CreditAccount,
        policy: &PolicyDocument,
    ) -> Result<i64, (Currency, Currency)> {
        let own = self.balances.get(&account.id);
        let node = Node::own(Owing {
            account,
            balances: own.map_or(&[], Vec::as_slice),
        });
        let mut rates = Conversions::default();
        for other in &node.others {
            rates.look_up(other.currency, account.currency, &self.table);
        }
        node.counted_in_all(account.currency, policy, &rates)
    }
}
