//! What a batch reads of the book: customers, accounts with their groups, and the facts that the policy asks for.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::NaiveDate;

use super::Asked;
use super::asked_for::AskedFor;
use super::hints::Hints;
use crate::book::customers::model::{Customer, CustomerRef};
use crate::book::customers::store as customers;
use crate::book::exchange_rates::rules::{Conversion, RateTable};
use crate::book::exchange_rates::store as exchange_rates;
use crate::book::exposure::actions::bounds::{Bounds, ForOrder};
use crate::book::exposure::actions::{self as exposure, Locked, caps};
use crate::book::exposure::model::{AdditionalLimit, CreditAccount, Exposure};
use crate::book::exposure::store::{self as accounts_store, Movement};
use crate::book::policy::model::PolicyDocument;
use crate::decide::limits::api::shapes::LimitCheckIn;
use crate::decide::limits::facts::{Facts, Overdue};
use crate::kernel::clock::{Clock, Instant};
use crate::kernel::ids::{CreditAccountId, CustomerId, PortfolioCapId};
use crate::kernel::money::Currency;
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
    /// None when every order is in its account's currency.
    rates: Option<RateTable>,
    asked_for: AskedFor,
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

/// Whether the accounts of the checks that reserve are locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Locking {
    Reserving,
    Nothing,
}

impl Book {
    /// Reads it with the accounts of those checks locked that reserve, of all the groups above them, and after these
    /// the caps.
    ///
    /// # Errors
    /// When the database fails; as a meeting of two units of work when a customer was moved since `hints` heard of it.
    pub fn lock(tx: &mut Tx, asked: &[Asked], hints: &Hints) -> Result<Book, DbError> {
        let (customers, lines) = open(tx, asked, hints, Locking::Reserving)?;
        let caps = lines.values().flat_map(|line| line.caps.iter().copied());
        caps::lock(tx, &caps.collect())?;
        Book::of(tx, customers, lines)
    }

    /// Reads it with nothing locked.
    ///
    /// # Errors
    /// When the database fails.
    pub fn read(db: &mut Db, asked: &[Asked]) -> Result<Book, DbError> {
        let (customers, lines) = open(db, asked, &Hints::default(), Locking::Nothing)?;
        Book::of(db, customers, lines)
    }

    fn of(
        db: &mut Db,
        customers: Customers,
        found: BTreeMap<CustomerId, Locked>,
    ) -> Result<Book, DbError> {
        let bounds = Bounds::read(db, found.values())?;
        let mut book = Book {
            customers,
            lines: HashMap::new(),
            accounts: HashMap::new(),
            blocked: HashSet::new(),
            overdue: HashMap::new(),
            bounds,
            rates: None,
            asked_for: AskedFor::default(),
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
        Ok(book)
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

    /// Reads what only some policies ask for.
    pub fn read_asked_for(
        &mut self,
        db: &mut Db,
        policy: &PolicyDocument,
        today: NaiveDate,
    ) -> Result<(), DbError> {
        let (customers, accounts) = (self.customers(), self.accounts());
        self.asked_for = AskedFor::read(db, policy, &customers, &accounts, today)?;
        Ok(())
    }

    /// Everybody whom the batch is about.
    pub fn customers(&self) -> Vec<CustomerId> {
        self.lines.keys().copied().collect()
    }

    /// The customers' own accounts.
    pub fn accounts(&self) -> Vec<CreditAccountId> {
        self.lines.values().map(|line| line.account).collect()
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
        input: &LimitCheckIn,
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
            unpaid: self.asked_for.unpaid(account.customer_id),
            dunning_level: self.asked_for.dunning_level(account.customer_id),
            conversion: self.conversion(input.amount.money().currency(), account.currency),
            behaviour: self.asked_for.behaviour(account.customer_id),
            usual_order: self
                .asked_for
                .usual_order(account.customer_id, input.order()),
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
    fn new(found: Vec<Customer>) -> Customers {
        let by_number = found
            .iter()
            .map(|customer| (customer.number.clone(), customer.id));
        Customers {
            by_number: by_number.collect(),
            by_id: found
                .into_iter()
                .map(|customer| (customer.id, customer))
                .collect(),
        }
    }

    fn get(&self, reference: &CustomerRef) -> Option<&Customer> {
        let id = match reference {
            CustomerRef::Id(id) => id,
            CustomerRef::Number(number) => self.by_number.get(number)?,
        };
        self.by_id.get(id)
    }
}

/// Reads the customers that are asked about with their lines of accounts, those of checks that reserve locked, all in
/// one order.
fn open(
    db: &mut Db,
    asked: &[Asked],
    hints: &Hints,
    locking: Locking,
) -> Result<(Customers, BTreeMap<CustomerId, Locked>), DbError> {
    learn(db, asked, hints)?;
    let mut lines: BTreeMap<CustomerId, Vec<CustomerId>> = BTreeMap::new();
    let (mut locked, mut others) = (BTreeSet::new(), BTreeSet::new());
    for one in asked {
        if let Some((id, above)) = hints.line(&one.input.customer()) {
            let wanted = if one.input.reserves() && locking == Locking::Reserving {
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
        accounts.extend(accounts_store::lock_by_customers(db, &locked)?);
    }
    if !others.is_empty() {
        accounts.extend(accounts_store::list_by_customers(db, &others)?);
    }
    let customers = Customers::new(customers::list_by_ids(db, &[locked, others].concat())?);
    hints.remember(customers.by_id.values());
    refuse_if_moved(asked, &customers, &lines, hints)?;
    let accounts: BTreeMap<CustomerId, CreditAccount> = accounts
        .into_iter()
        .map(|account| (account.customer_id, account))
        .collect();
    Ok((customers, exposure::assemble(db, lines, &accounts)?))
}

/// What was remembered of customers must still be true under the locks.
fn refuse_if_moved(
    asked: &[Asked],
    customers: &Customers,
    lines: &BTreeMap<CustomerId, Vec<CustomerId>>,
    hints: &Hints,
) -> Result<(), DbError> {
    let mut were_moved = false;
    for reference in asked.iter().map(|one| one.input.customer()) {
        let is_true = match (customers.get(&reference), hints.line(&reference)) {
            (Some(customer), Some((id, above))) => {
                customer.id == id && lines.get(&id) == Some(&above)
            }
            (None, None) => true,
            _ => false,
        };
        if !is_true {
            hints.forget(&reference);
            were_moved = true;
        }
    }
    if were_moved {
        let message = "a customer was moved or renamed meanwhile".to_owned();
        return Err(DbError::Serialization(message));
    }
    Ok(())
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
