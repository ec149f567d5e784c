//! What a batch reads of the book: customers, accounts with their groups, and the facts that the policy asks for.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::NaiveDate;

use super::Asked;
use super::hints::Hints;
use crate::book::customers::model::{Customer, CustomerRef};
use crate::book::customers::store as customers;
use crate::book::exchange_rates::rules::{Conversion, RateTable};
use crate::book::exchange_rates::store as exchange_rates;
use crate::book::exposure::model::{CreditAccount, Exposure};
use crate::book::exposure::rules::Node;
use crate::book::exposure::store::{self as exposure, Movement};
use crate::decide::limits::api::shapes::LimitCheckIn;
use crate::decide::limits::facts::{Facts, Overdue};
use crate::kernel::clock::Clock;
use crate::kernel::ids::{CreditAccountId, CustomerId};
use crate::kernel::money::Currency;
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
    /// None when every order is in its account's currency.
    rates: Option<RateTable>,
}

/// Whether the accounts of the checks that reserve are locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Locking {
    Reserving,
    Nothing,
}

impl Book {
    /// Reads it with the accounts of those checks locked that reserve, and of all the groups above them.
    ///
    /// # Errors
    /// When the database fails; as a meeting of two units of work when a customer was moved since `hints` heard of it.
    pub fn lock(tx: &mut Tx, asked: &[Asked], hints: &Hints) -> Result<Book, DbError> {
        Book::open(tx, asked, hints, Locking::Reserving)
    }

    /// Reads it with nothing locked.
    ///
    /// # Errors
    /// When the database fails.
    pub fn read(db: &mut Db, asked: &[Asked]) -> Result<Book, DbError> {
        Book::open(db, asked, &Hints::default(), Locking::Nothing)
    }

    fn open(
        db: &mut Db,
        asked: &[Asked],
        hints: &Hints,
        locking: Locking,
    ) -> Result<Book, DbError> {
        learn(db, asked, hints)?;
        let references: Vec<(CustomerRef, bool)> = asked
            .iter()
            .map(|one| (one.input.customer(), one.input.reserves()))
            .collect();
        let mut lines: HashMap<CustomerId, Vec<CustomerId>> = HashMap::new();
        let (mut locked, mut others) = (BTreeSet::new(), BTreeSet::new());
        for (reference, reserves) in &references {
            if let Some((id, above)) = hints.line(reference) {
                let wanted = if *reserves && locking == Locking::Reserving {
                    &mut locked
                } else {
                    &mut others
                };
                wanted.extend(std::iter::once(id).chain(above.iter().copied()));
                lines.insert(id, above);
            }
        }
        let others: Vec<CustomerId> = others.difference(&locked).copied().collect();
        let locked: Vec<CustomerId> = locked.into_iter().collect();
        let mut accounts = Vec::new();
        if !locked.is_empty() {
            accounts.extend(exposure::lock_by_customers(db, &locked)?);
        }
        if !others.is_empty() {
            accounts.extend(exposure::list_by_customers(db, &others)?);
        }
        let everyone = [locked, others].concat();
        let customers = customers::list_by_ids(db, &everyone)?;
        let book = Book::of(customers, accounts, &lines);
        hints.remember(book.customers.values());
        let mut are_true = true;
        for (reference, _) in &references {
            let remembered = hints.line(reference);
            let is_true = match (book.customer(reference), &remembered) {
                (Some(customer), Some((id, above))) => {
                    customer.id == *id && lines.get(id) == Some(above)
                }
                (None, None) => true,
                _ => false,
            };
            if !is_true {
                hints.forget(reference);
                are_true = false;
            }
        }
        if are_true {
            Ok(book)
        } else {
            let message = "a customer was moved or renamed meanwhile".to_owned();
            Err(DbError::Serialization(message))
        }
    }

    fn of(
        customers: Vec<Customer>,
        accounts: Vec<CreditAccount>,
        lines: &HashMap<CustomerId, Vec<CustomerId>>,
    ) -> Book {
        let of_customer: HashMap<CustomerId, CreditAccountId> = accounts
            .iter()
            .map(|account| (account.customer_id, account.id))
            .collect();
        let account_of = |customer: &CustomerId| of_customer.get(customer).copied();
        Book {
            by_number: customers
                .iter()
                .map(|customer| (customer.number.clone(), customer.id))
                .collect(),
            customers: customers
                .into_iter()
                .map(|customer| (customer.id, customer))
                .collect(),
            lines: lines
                .iter()
                .filter_map(|(customer, above)| {
                    let above = above.iter().filter_map(account_of).collect();
                    Some((*customer, (account_of(customer)?, above)))
                })
                .collect(),
            accounts: accounts
                .into_iter()
                .map(|account| (account.id, account))
                .collect(),
            blocked: HashSet::new(),
            overdue: HashMap::new(),
            rates: None,
        }
    }

    /// Reads exchange rates, when an order is in another currency than its account.
    pub fn learn_rates(
        &mut self,
        db: &mut Db,
        asked: &[Asked],
        today: NaiveDate,
    ) -> Result<(), DbError> {
        let mut currencies = BTreeSet::new();
        for one in asked {
            let given = one.input.amount.money().currency();
            let account = self
                .customer(&one.input.customer())
                .and_then(|customer| self.account(self.account_of(customer.id)?));
            if let Some(account) = account.filter(|account| account.currency != given) {
                currencies.extend([given, account.currency]);
            }
        }
        if !currencies.is_empty() {
            let currencies: Vec<Currency> = currencies.into_iter().collect();
            self.rates = Some(exchange_rates::latest(db, &currencies, today)?);
        }
        Ok(())
    }

    fn conversion(&self, from: Currency, to: Currency) -> Option<Conversion> {
        if from == to {
            return None;
        }
        self.rates.as_ref()?.find(from, to)
    }

    /// Notes what was looked up of the customers and accounts.
    pub fn note(
        &mut self,
        overdue: impl IntoIterator<Item = (CustomerId, Overdue)>,
        blocked: impl IntoIterator<Item = CreditAccountId>,
    ) {
        for (customer, row) in overdue {
            self.overdue.entry(customer).or_default().push(row);
        }
        self.blocked.extend(blocked);
    }

    /// The customers' own accounts.
    pub fn accounts(&self) -> Vec<CreditAccountId> {
        self.lines.values().map(|(account, _)| *account).collect()
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
        input: &LimitCheckIn,
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
            unpaid: None,
            dunning_level: None,
            conversion: self.conversion(input.amount.money().currency(), account.currency),
            behaviour: None,
            usual_order: None,
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

/// Reads what is not remembered of the customers that are asked about, and of everybody above them.
fn learn(db: &mut Db, asked: &[Asked], hints: &Hints) -> Result<(), DbError> {
    let mut ids: Vec<CustomerId> = Vec::new();
    let mut numbers: Vec<Number> = Vec::new();
    for one in asked {
        let reference = one.input.customer();
        if hints.line(&reference).is_none() {
            match reference {
                CustomerRef::Id(id) => ids.push(id),
                CustomerRef::Number(number) => numbers.push(number),
            }
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
    let learned: Vec<CustomerId> = found.iter().map(|customer| customer.id).collect();
    while !found.is_empty() {
        hints.remember(&found);
        let above = hints.unknown(learned.iter().copied());
        found = if above.is_empty() {
            Vec::new()
        } else {
            customers::list_by_ids(db, &above)?
        };
    }
    Ok(())
}
