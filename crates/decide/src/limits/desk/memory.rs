//! What the desk remembers between batches: who bears a number, who is above whom, and accounts as they were.
//!
//! A memory is never simply trusted. Of customers it says which accounts to lock, or to decide on; whether they are still
//! the same is asked with everything else that stands for a batch. Where nothing stood for an account, not even that is
//! asked until its row version changes, which everything changes that the desk would find: the statement that writes what was
//! decided looks at the row versions, and writes nothing when one is another. SQLite has no row versions, but one writer at a time:
//! there all is as it was while the trail, which tells of every change, ends where the desk itself left it.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::NaiveDate;

use crate::book::customers::model::{CustomerRef, GROUP_DEPTH_MAX};
use crate::book::exposure::model::{AccountBalance, CreditAccount};
use crate::decide::limits::store::{Named, StandingFacts};
use crate::platform::db::RowVersion;
use kernel::ids::{CreditAccountId, CustomerId, PolicyId};
use kernel::text::Number;

/// How many customers are remembered; then all are forgotten.
const MOST: usize = 200_000;

/// The memory of one worker.
#[derive(Default)]
pub struct Memory {
    by_number: HashMap<Number, CustomerId>,
    customers: HashMap<CustomerId, Named>,
    /// Of some customers it is remembered that they have no account.
    accounts: HashMap<CustomerId, Option<Remembered>>,
    policy: Option<PolicyId>,
    has_caps: bool,
    /// The connection by which all this was heard.
    connection: Option<u64>,
    /// The last entry of the trail when all this was so; on SQLite alone, and none while that is in doubt.
    last_entry: Option<i64>,
}

/// An account as it was, with what was found beside it.
pub struct Remembered {
    pub account: CreditAccount,
    /// What it owes beside its home balance. Whoever changes that changes the account's row with it.
    pub balances: Vec<AccountBalance>,
    pub row_version: RowVersion,
    /// Whether the base limit is all there is.
    has_no_more_limits: bool,
    /// The day on which nothing stood for its customer: no block, nothing overdue, no order that waits.
    clear_on: Option<NaiveDate>,
}

impl Memory {
    /// Forgets all that was heard by another connection than this one. A crash of the database may have undone what was
    /// not on disk, and give its row version to something else.
    pub fn forget_unless_by(&mut self, connection: u64) {
        if self.connection.is_some_and(|known| known != connection) {
            *self = Memory::default();
        }
        self.connection = Some(connection);
    }

    /// Forgets all when the trail ends with another entry than when it was left. Until it is left again, nothing is
    /// relied on any more.
    pub fn forget_unless_at(&mut self, last_entry: i64) {
        if self.last_entry != Some(last_entry) {
            *self = Memory::default();
        }
        self.last_entry = None;
    }

    /// All that is remembered is so while the trail ends with this entry.
    pub const fn leave(&mut self, last_entry: i64) {
        self.last_entry = Some(last_entry);
    }

    /// The customer that is meant, and everybody above it; none when anything of that is not remembered.
    pub fn line(&self, reference: &CustomerRef) -> Option<(CustomerId, Vec<CustomerId>)> {
        let id = match reference {
            CustomerRef::Id(id) => *id,
            CustomerRef::Number(number) => self.bearer(number)?,
        };
        let mut above = Vec::new();
        let mut parent = self.customers.get(&id)?.parent;
        while let Some(next) = parent {
            // A circle can't be, but a memory of two moments may show one.
            if next == id || above.contains(&next) {
                return None;
            }
            above.push(next);
            parent = self.customers.get(&next)?.parent;
        }
        Some((id, above))
    }

    /// Who bears a number, as far as it is remembered; nobody any more who was heard of later by another one.
    fn bearer(&self, number: &Number) -> Option<CustomerId> {
        let id = *self.by_number.get(number)?;
        let bears = self.customers.get(&id)?.number == *number;
        bears.then_some(id)
    }

    /// Forgets the customer that is meant and everybody above it, where what is remembered of different moments shows no
    /// line: then all of it is to be read again.
    pub fn forget_line(&mut self, reference: &CustomerRef) {
        let mut next = match reference {
            CustomerRef::Id(id) => Some(*id),
            CustomerRef::Number(number) => self.by_number.remove(number),
        };
        while let Some(customer) = next.and_then(|id| self.customers.remove(&id)) {
            next = customer.parent;
        }
    }

    /// Whether a customer is known, with or without those above it.
    pub fn knows(&self, reference: &CustomerRef) -> bool {
        match reference {
            CustomerRef::Id(id) => self.customers.contains_key(id),
            CustomerRef::Number(number) => self.bearer(number).is_some(),
        }
    }

    pub fn customer(&self, id: CustomerId) -> Option<&Named> {
        self.customers.get(&id)
    }

    pub fn account(&self, customer: CustomerId) -> Option<&Remembered> {
        self.accounts.get(&customer)?.as_ref()
    }

    /// The policy that was live when it was asked last; none where caps must be looked up as well.
    pub fn policy(&self) -> Option<PolicyId> {
        self.policy.filter(|_| !self.has_caps)
    }

    /// Whether there were caps when it was asked last.
    pub const fn has_caps(&self) -> bool {
        self.has_caps
    }

    /// How many customers are remembered.
    pub fn size(&self) -> usize {
        self.customers.len()
    }

    /// Whether it must be asked what stands on this day for a customer and those above it: something did when it was asked
    /// last, or it never was.
    pub fn must_be_asked(
        &self,
        customer: CustomerId,
        above: &[CustomerId],
        today: NaiveDate,
    ) -> bool {
        let is_clear = self.account(customer).is_some_and(|own| {
            own.clear_on == Some(today)
                && own.has_no_more_limits
                && above.iter().all(|id| match self.accounts.get(id) {
                    Some(Some(account)) => account.has_no_more_limits,
                    Some(None) => true,
                    None => false,
                })
        });
        !is_clear
    }

    /// Remembers what stands for customers, and for those above them.
    pub fn remember_standing(
        &mut self,
        lines: &BTreeMap<CustomerId, Vec<CustomerId>>,
        standing: &StandingFacts,
        today: NaiveDate,
    ) {
        self.policy = standing.live_policy;
        self.has_caps = standing.has_caps;
        let overdue = standing.overdue.iter().map(|(customer, _)| *customer);
        let waiting = standing.waiting_customers.iter().copied();
        let not_clear: HashSet<CustomerId> = overdue.chain(waiting).collect();
        let blocked: HashSet<CreditAccountId> = standing
            .blocked
            .iter()
            .map(|(account, _)| *account)
            .collect();
        for (customer, above) in lines {
            for id in std::iter::once(customer).chain(above) {
                if let Some(Some(known)) = self.accounts.get_mut(id) {
                    known.has_no_more_limits = !standing.additional.contains(&known.account.id);
                }
            }
            if let Some(Some(known)) = self.accounts.get_mut(customer) {
                let is_clear =
                    !not_clear.contains(customer) && !blocked.contains(&known.account.id);
                known.clear_on = is_clear.then_some(today);
            }
        }
    }

    /// Remembers an account as the desk itself changed it; when an order waits now, that is to be asked for.
    pub fn remember_moved(
        &mut self,
        account: &CreditAccount,
        balances: &[AccountBalance],
        row_version: RowVersion,
        waits: bool,
    ) {
        if let Some(Some(known)) = self.accounts.get_mut(&account.customer_id) {
            known.account.clone_from(account);
            known.balances = balances.to_vec();
            known.row_version = row_version;
            if waits {
                known.clear_on = None;
            }
        }
    }

    /// Forgets all when that is too much. Between batches: one must not lose what it was told.
    pub fn make_room(&mut self) {
        if self.customers.len() > MOST {
            *self = Memory {
                connection: self.connection,
                ..Memory::default()
            };
        }
    }

    /// Remembers customers as they are now.
    pub fn remember(&mut self, customers: impl IntoIterator<Item = Named>) {
        for customer in customers {
            self.by_number.insert(customer.number.clone(), customer.id);
            self.customers.insert(customer.id, customer);
        }
    }

    pub fn forget(&mut self, customers: &[CustomerId]) {
        for id in customers {
            if let Some(customer) = self.customers.remove(id) {
                self.by_number.remove(&customer.number);
            }
        }
    }

    /// Remembers the accounts of these customers with their balances, and who of them has none.
    pub fn remember_accounts(
        &mut self,
        customers: &[CustomerId],
        accounts: Vec<(CreditAccount, RowVersion)>,
        balances: Vec<AccountBalance>,
    ) {
        for customer in customers {
            self.accounts.insert(*customer, None);
        }
        let mut of_accounts: HashMap<CreditAccountId, Vec<AccountBalance>> = HashMap::new();
        for balance in balances {
            let of_account = of_accounts.entry(balance.account_id).or_default();
            of_account.push(balance);
        }
        for (account, row_version) in accounts {
            let remembered = Remembered {
                balances: of_accounts.remove(&account.id).unwrap_or_default(),
                row_version,
                has_no_more_limits: false,
                clear_on: None,
                account,
            };
            self.accounts
                .insert(remembered.account.customer_id, Some(remembered));
        }
    }

    pub fn forget_accounts(&mut self, customers: &[CustomerId]) {
        for customer in customers {
            self.accounts.remove(customer);
        }
    }

    /// Those of a line whose accounts are not remembered. That a customer has no account of its own is not relied on, or
    /// nobody would hear when one was opened; for those above it, the accounts below were marked then.
    pub fn accounts_to_read(&self, customer: CustomerId, above: &[CustomerId]) -> Vec<CustomerId> {
        let own = self.account(customer).is_none().then_some(customer);
        let above = above.iter().filter(|id| !self.accounts.contains_key(id));
        own.into_iter().chain(above.copied()).collect()
    }

    /// Those of these customers of whom nothing is remembered, and the first unknown ancestors of the others.
    pub fn unknown(&self, customers: impl IntoIterator<Item = CustomerId>) -> Vec<CustomerId> {
        let mut unknown = Vec::new();
        for customer in customers {
            let mut at = Some(customer);
            // As deep as groups can be nested, and no deeper.
            for _ in 0..=GROUP_DEPTH_MAX {
                let Some(id) = at else { break };
                if let Some(known) = self.customers.get(&id) {
                    at = known.parent;
                } else {
                    unknown.push(id);
                    break;
                }
            }
        }
        unknown
    }
}
