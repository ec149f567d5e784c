//! What a batch reads of the book: customers, accounts with their groups, and the facts that the policy asks for.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::NaiveDate;

use super::Asked;
use super::asked_for::AskedFor;
use crate::book::customers::model::{Customer, CustomerRef};
use crate::book::customers::store as customers;
use crate::book::exposure::actions::{self as exposure, Locked};
use crate::book::exposure::model::{CreditAccount, Exposure};
use crate::book::exposure::rules::Node;
use crate::book::exposure::store::{self as accounts, Movement};
use crate::book::policy::model::PolicyDocument;
use crate::decide::limits::facts::{Facts, Overdue};
use crate::decide::limits::store;
use crate::kernel::clock::Clock;
use crate::kernel::ids::{CreditAccountId, CustomerId};
use crate::kernel::text::Number;
use crate::platform::db::{Db, DbError, Tx};

/// The part of the book that a batch is about.
pub struct Book {
    customers: HashMap<CustomerId, Customer>,
    by_number: HashMap<Number, CustomerId>,
    /// Each customer's account and those of its ancestors.
    lines: HashMap<CustomerId, (CreditAccountId, Vec<CreditAccountId>)>,
    /// The accounts as they are with the reservations of this batch.
    accounts: HashMap<CreditAccountId, CreditAccount>,
    blocked: HashSet<CreditAccountId>,
    overdue: HashMap<CustomerId, Vec<Overdue>>,
    asked_for: AskedFor,
}

impl Book {
    /// Reads it with the accounts of those checks locked that reserve.
    pub fn lock(tx: &mut Tx, asked: &[Asked], policy: &PolicyDocument) -> Result<Book, DbError> {
        let mut book = Book::of_customers(find_customers(tx, asked)?);
        let reserving: BTreeSet<CustomerId> = asked
            .iter()
            .filter(|one| one.input.reserves())
            .filter_map(|one| book.customer(&one.input.customer()))
            .map(|customer| customer.id)
            .collect();
        let mut found = exposure::lock_all(tx, &reserving)?;
        let others: BTreeSet<CustomerId> = book
            .customers
            .keys()
            .copied()
            .filter(|id| !reserving.contains(id))
            .collect();
        if !others.is_empty() {
            found.extend(exposure::read_all(tx, &others)?);
        }
        book.fill(tx, found, policy)?;
        Ok(book)
    }

    /// Reads it with nothing locked.
    pub fn read(db: &mut Db, asked: &[Asked], policy: &PolicyDocument) -> Result<Book, DbError> {
        let mut book = Book::of_customers(find_customers(db, asked)?);
        let everyone = book.customers.keys().copied().collect();
        let found = exposure::read_all(db, &everyone)?;
        book.fill(db, found, policy)?;
        Ok(book)
    }

    fn of_customers(customers: Vec<Customer>) -> Book {
        Book {
            by_number: customers
                .iter()
                .map(|customer| (customer.number.clone(), customer.id))
                .collect(),
            customers: customers
                .into_iter()
                .map(|customer| (customer.id, customer))
                .collect(),
            lines: HashMap::new(),
            accounts: HashMap::new(),
            blocked: HashSet::new(),
            overdue: HashMap::new(),
            asked_for: AskedFor::default(),
        }
    }

    fn fill(
        &mut self,
        db: &mut Db,
        found: BTreeMap<CustomerId, Locked>,
        policy: &PolicyDocument,
    ) -> Result<(), DbError> {
        for (customer, line) in found {
            let above = line.ancestors.iter().map(|account| account.id).collect();
            self.lines.insert(customer, (line.account.id, above));
            for account in std::iter::once(line.account).chain(line.ancestors) {
                self.accounts.insert(account.id, account);
            }
        }
        let customers = self.customers();
        let today = db.today();
        for (customer, row) in store::list_overdue(db, &customers, today)? {
            self.overdue.entry(customer).or_default().push(row);
        }
        let own: Vec<CreditAccountId> = self.lines.values().map(|(account, _)| *account).collect();
        let blocks = accounts::list_blocks(db, &own)?;
        self.asked_for = AskedFor::read(db, policy, &customers, &own, today)?;
        self.blocked = blocks.into_iter().map(|block| block.account_id).collect();
        Ok(())
    }

    /// Everybody whom the batch is about.
    pub fn customers(&self) -> Vec<CustomerId> {
        self.customers.keys().copied().collect()
    }

    pub fn customer(&self, reference: &CustomerRef) -> Option<&Customer> {
        let id = match reference {
            CustomerRef::Id(id) => id,
            CustomerRef::Number(number) => self.by_number.get(number)?,
        };
        self.customers.get(id)
    }

    pub fn account_of(&self, customer: CustomerId) -> Option<CreditAccountId> {
        self.lines.get(&customer).map(|(account, _)| *account)
    }

    pub fn account(&self, id: CreditAccountId) -> Option<&CreditAccount> {
        self.accounts.get(&id)
    }

    /// What is known about an account's customer, for a question about an order.
    pub fn facts(
        &self,
        account: &CreditAccount,
        order: Option<&str>,
        clock: &Clock,
        today: NaiveDate,
    ) -> Option<Facts> {
        let (_, above) = self.lines.get(&account.customer_id)?;
        let overdue = self.overdue.get(&account.customer_id);
        Some(Facts {
            today,
            currency: account.currency,
            status: account.status,
            is_blocked: self.blocked.contains(&account.id),
            net_days: account.net_days,
            limit_source: account.limit_source.clone(),
            limit_valid_until: account.limit_valid_until,
            exempt_until: account.exempt_until,
            opened_on: clock.day_of(account.created_at),
            nodes: self.nodes(account, above),
            overdue: overdue.cloned().unwrap_or_default(),
            unpaid: self.asked_for.unpaid(account.customer_id),
            dunning_level: self.asked_for.dunning_level(account.customer_id),
            behaviour: self.asked_for.behaviour(account.customer_id),
            usual_order: self.asked_for.usual_order(account.customer_id, order),
        })
    }

    /// Where limits hold for an account: its own node, then its groups from the nearest on.
    fn nodes(&self, account: &CreditAccount, above: &[CreditAccountId]) -> Vec<Node> {
        let own = Node::own(account);
        let groups = above.iter().filter_map(|id| self.accounts.get(id));
        let groups = std::iter::once(account)
            .chain(groups)
            .filter_map(Node::group);
        std::iter::once(own).chain(groups).collect()
    }

    /// Takes capacity on an account and in all its groups, for the checks that follow in this batch.
    pub fn take(&mut self, account: CreditAccountId, minor: i64) {
        let Some(own) = self.accounts.get_mut(&account) else {
            return;
        };
        own.reserved_minor = own.reserved_minor.saturating_add(minor);
        let customer = own.customer_id;
        let above = self.lines.get(&customer).map(|(_, above)| above.clone());
        for id in std::iter::once(account).chain(above.unwrap_or_default()) {
            if let Some(node) = self.accounts.get_mut(&id) {
                node.group_reserved_minor = node.group_reserved_minor.saturating_add(minor);
            }
        }
    }

    /// What was taken on each account, as it is to be written to it and to its groups.
    pub fn movements(
        &self,
        taken: &BTreeMap<CreditAccountId, i64>,
    ) -> BTreeMap<CreditAccountId, Movement> {
        let mut movements: BTreeMap<CreditAccountId, Movement> = BTreeMap::new();
        for (account, minor) in taken.iter().filter(|(_, minor)| **minor != 0) {
            let line = self
                .accounts
                .get(account)
                .and_then(|account| self.lines.get(&account.customer_id));
            let Some((_, above)) = line else {
                continue;
            };
            let change = Exposure::reserved(*minor);
            let movement = movements.entry(*account).or_default();
            movement.own += change;
            movement.group += change;
            for ancestor in above {
                movements.entry(*ancestor).or_default().group += change;
            }
        }
        movements
    }
}

fn find_customers(db: &mut Db, asked: &[Asked]) -> Result<Vec<Customer>, DbError> {
    let mut ids: Vec<CustomerId> = Vec::new();
    let mut numbers: Vec<Number> = Vec::new();
    for one in asked {
        match one.input.customer() {
            CustomerRef::Id(id) => ids.push(id),
            CustomerRef::Number(number) => numbers.push(number),
        }
    }
    let mut found = Vec::new();
    if !ids.is_empty() {
        found.extend(customers::list_by_ids(db, &ids)?);
    }
    if !numbers.is_empty() {
        let numbers: Vec<&str> = numbers.iter().map(Number::as_str).collect();
        found.extend(customers::list_by_numbers(db, &numbers)?);
    }
    Ok(found)
}
