//! What a batch reads of the book: customers, accounts with their groups, and the facts that the policy asks for.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::NaiveDate;

use super::Asked;
use crate::book::customers::model::{Customer, CustomerRef};
use crate::book::customers::store as customers;
use crate::book::exposure::actions::bounds::{Bounds, ForOrder};
use crate::book::exposure::actions::{self as exposure, Locked, caps};
use crate::book::exposure::model::{AdditionalLimit, CreditAccount, Exposure};
use crate::book::exposure::store::{self as accounts, Movement};
use crate::book::policy::model::PolicyDocument;
use crate::decide::limits::facts::{Facts, Overdue};
use crate::decide::limits::store;
use crate::kernel::clock::{Clock, Instant};
use crate::kernel::ids::{CreditAccountId, CustomerId, PortfolioCapId};
use crate::kernel::text::Number;
use crate::platform::db::{Db, DbError, Tx};

/// The part of the book that a batch is about.
pub struct Book {
    customers: Customers,
    lines: HashMap<CustomerId, Line>,
    /// The accounts as they are with the reservations of this batch.
    accounts: HashMap<CreditAccountId, CreditAccount>,
    blocked: HashSet<CreditAccountId>,
    overdue: HashMap<CustomerId, Vec<Overdue>>,
    /// What bounds the accounts besides, with the reservations of this batch.
    bounds: Bounds,
}

/// A customer's account with what is above it.
struct Line {
    account: CreditAccountId,
    /// The accounts of its ancestors, the nearest first.
    above: Vec<CreditAccountId>,
    caps: Vec<PortfolioCapId>,
}

/// An account with its groups and caps, as it is with the reservations of this batch.
struct Standing<'a> {
    accounts: Vec<&'a CreditAccount>,
    caps: &'a [PortfolioCapId],
}

/// What a batch moves: accounts with their groups, and caps.
#[derive(Default)]
pub struct Movements {
    pub accounts: BTreeMap<CreditAccountId, Movement>,
    pub caps: caps::Movements,
}

impl Book {
    /// Reads it with the accounts of those checks locked that reserve, and their caps after them.
    pub fn lock(tx: &mut Tx, asked: &[Asked], policy: &PolicyDocument) -> Result<Book, DbError> {
        let customers = Customers::find(tx, asked)?;
        let reserving: BTreeSet<CustomerId> = asked
            .iter()
            .filter(|one| one.input.reserves())
            .filter_map(|one| customers.get(&one.input.customer()))
            .map(|customer| customer.id)
            .collect();
        let mut found = exposure::lock_all(tx, &reserving)?;
        let caps = found.values().flat_map(|line| line.caps.iter().copied());
        caps::lock(tx, &caps.collect())?;
        let others: BTreeSet<CustomerId> = customers
            .by_id
            .keys()
            .copied()
            .filter(|id| !reserving.contains(id))
            .collect();
        if !others.is_empty() {
            found.extend(exposure::read_all(tx, &others)?);
        }
        Book::of(tx, customers, found, policy)
    }

    /// Reads it with nothing locked.
    pub fn read(db: &mut Db, asked: &[Asked], policy: &PolicyDocument) -> Result<Book, DbError> {
        let customers = Customers::find(db, asked)?;
        let everyone = customers.by_id.keys().copied().collect();
        let found = exposure::read_all(db, &everyone)?;
        Book::of(db, customers, found, policy)
    }

    fn of(
        db: &mut Db,
        customers: Customers,
        found: BTreeMap<CustomerId, Locked>,
        _policy: &PolicyDocument,
    ) -> Result<Book, DbError> {
        let bounds = Bounds::read(db, found.values())?;
        let mut book = Book {
            customers,
            lines: HashMap::new(),
            accounts: HashMap::new(),
            blocked: HashSet::new(),
            overdue: HashMap::new(),
            bounds,
        };
        for (customer, found) in found {
            let line = Line {
                account: found.account.id,
                above: found.ancestors.iter().map(|account| account.id).collect(),
                caps: found.caps,
            };
            book.lines.insert(customer, line);
            for account in std::iter::once(found.account).chain(found.ancestors) {
                book.accounts.insert(account.id, account);
            }
        }
        let customers = book.customers();
        let today = db.today();
        for (customer, row) in store::list_overdue(db, &customers, today)? {
            book.overdue.entry(customer).or_default().push(row);
        }
        let own: Vec<CreditAccountId> = book.lines.values().map(|line| line.account).collect();
        let blocks = accounts::list_blocks(db, &own)?;
        book.blocked = blocks.into_iter().map(|block| block.account_id).collect();
        Ok(book)
    }

    /// Everybody whom the batch is about.
    pub fn customers(&self) -> Vec<CustomerId> {
        self.customers.by_id.keys().copied().collect()
    }

    pub fn customer(&self, reference: &CustomerRef) -> Option<&Customer> {
        self.customers.get(reference)
    }

    pub fn account_of(&self, customer: CustomerId) -> Option<CreditAccountId> {
        self.lines.get(&customer).map(|line| line.account)
    }

    pub fn account(&self, id: CreditAccountId) -> Option<&CreditAccount> {
        self.accounts.get(&id)
    }

    /// What is known about an account's customer, for a question about an order.
    pub fn facts(
        &self,
        account: &CreditAccount,
        order: ForOrder,
        clock: &Clock,
        today: NaiveDate,
    ) -> Option<Facts> {
        let standing = self.standing(account.customer_id)?;
        let places = self.bounds.places(&standing.accounts, standing.caps, order);
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
            nodes: places.nodes,
            unknown_nodes: places.unknown,
            overdue: overdue.cloned().unwrap_or_default(),
            unpaid: None,
            dunning_level: None,
            behaviour: None,
            usual_order: None,
        })
    }

    fn standing(&self, customer: CustomerId) -> Option<Standing<'_>> {
        let line = self.lines.get(&customer)?;
        let accounts = line.ids().filter_map(|id| self.accounts.get(&id));
        Some(Standing {
            accounts: accounts.collect(),
            caps: &line.caps,
        })
    }

    /// Takes capacity on an account, in all its groups and under all its caps, for the checks that follow in this batch.
    pub fn take(&mut self, account: CreditAccountId, minor: i64) {
        let Some(own) = self.accounts.get_mut(&account) else {
            return;
        };
        own.reserved_minor = own.reserved_minor.saturating_add(minor);
        let currency = own.currency;
        let Some(line) = self.lines.get(&own.customer_id) else {
            return;
        };
        for id in line.ids() {
            if let Some(node) = self.accounts.get_mut(&id) {
                node.group_reserved_minor = node.group_reserved_minor.saturating_add(minor);
            }
        }
        self.bounds
            .take(&line.caps, currency, Exposure::reserved(minor));
    }

    /// Lets an order consume the one-time limits that are for it; gives each before and after.
    pub fn consume(
        &mut self,
        customer: CustomerId,
        order: &str,
        by: &str,
        at: Instant,
    ) -> Vec<(AdditionalLimit, AdditionalLimit)> {
        let Some(line) = self.lines.get(&customer) else {
            return Vec::new();
        };
        let ids: Vec<CreditAccountId> = line.ids().collect();
        self.bounds.consume(&ids, order, by, at)
    }

    /// What was taken on each account, as it is to be written to it, to its groups and to its caps.
    pub fn movements(&self, taken: &BTreeMap<CreditAccountId, i64>) -> Movements {
        let mut movements = Movements::default();
        for (account, minor) in taken.iter().filter(|(_, minor)| **minor != 0) {
            let Some(account) = self.accounts.get(account) else {
                continue;
            };
            let Some(line) = self.lines.get(&account.customer_id) else {
                continue;
            };
            let change = Exposure::reserved(*minor);
            movements.accounts.entry(account.id).or_default().own += change;
            for id in line.ids() {
                movements.accounts.entry(id).or_default().group += change;
            }
            for cap in &line.caps {
                let of_cap = movements.caps.entry((*cap, account.currency));
                *of_cap.or_default() += change;
            }
        }
        movements
    }
}

impl Line {
    /// The account, then its ancestors from the nearest on.
    fn ids(&self) -> impl Iterator<Item = CreditAccountId> {
        std::iter::once(self.account).chain(self.above.iter().copied())
    }
}

/// The customers that a batch names, by id or by number.
struct Customers {
    by_id: HashMap<CustomerId, Customer>,
    by_number: HashMap<Number, CustomerId>,
}

impl Customers {
    fn find(db: &mut Db, asked: &[Asked]) -> Result<Customers, DbError> {
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
        let by_number = found
            .iter()
            .map(|customer| (customer.number.clone(), customer.id));
        Ok(Customers {
            by_number: by_number.collect(),
            by_id: found
                .into_iter()
                .map(|customer| (customer.id, customer))
                .collect(),
        })
    }

    fn get(&self, reference: &CustomerRef) -> Option<&Customer> {
        let id = match reference {
            CustomerRef::Id(id) => id,
            CustomerRef::Number(number) => self.by_number.get(number)?,
        };
        self.by_id.get(id)
    }
}
