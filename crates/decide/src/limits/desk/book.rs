//! What a batch reads of the book: customers, accounts with their groups, and the facts that the policy asks for.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;

use super::CheckRequest;
use super::optional_facts::OptionalFacts;
use super::prefetch::{Customers, Prefetched};
use crate::book::customers::model::CustomerRef;
use crate::book::exchange_rates::actions as exchange_rates;
use crate::book::exchange_rates::rules::{Conversion, RateTable};
use crate::book::exposure::actions::bounds::{Bounds, ForOrder};
use crate::book::exposure::actions::{AccountLine, caps};
use crate::book::exposure::model::{AdditionalLimit, BlockCause, CreditAccount, Exposure};
use crate::book::exposure::store::{Movement, additional};
use crate::book::policy::model::PolicyDocument;
use crate::decide::limits::check::facts::{Facts, Overdue};
use crate::decide::limits::input::LimitCheckIn;
use crate::decide::limits::store::Named;
use crate::platform::db::{Db, DbError};
use kernel::clock::{Clock, Instant};
use kernel::ids::{CreditAccountId, CustomerId, PortfolioCapId};
use kernel::money::Currency;
use kernel::text::Subject;

/// The part of the book that a batch is about.
pub struct Book {
    customers: Customers,
    lines: HashMap<CustomerId, Line>,
    /// The accounts as they are with the reservations of this batch.
    accounts: HashMap<CreditAccountId, CreditAccount>,
    blocked: HashMap<CreditAccountId, BTreeSet<BlockCause>>,
    overdue: HashMap<CustomerId, Vec<Overdue>>,
    /// What bounds the accounts besides, with the reservations of this batch.
    bounds: Bounds,
    /// None when every order is in its account's currency.
    rates: Option<RateTable>,
    optional_facts: OptionalFacts,
}

/// A customer's account with what is above it.
struct Line {
    account: CreditAccountId,
    /// The accounts of its ancestors, the nearest first.
    above: Vec<CreditAccountId>,
    caps: Vec<PortfolioCapId>,
}

/// An account with its groups and caps, as it is with the reservations of this batch.
struct Chain<'a> {
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
    /// What was read, with what bounds the accounts and what the policy asks for.
    ///
    /// # Errors
    /// When the database fails.
    pub fn new(
        db: &mut Db,
        prefetched: Prefetched,
        policy: &PolicyDocument,
        asked: &[CheckRequest],
        today: NaiveDate,
    ) -> Result<Book, DbError> {
        let Prefetched {
            customers,
            lines: found,
            standing,
            ..
        } = prefetched;
        let additional = if standing.additional.is_empty() {
            Vec::new()
        } else {
            let accounts = found.values().flat_map(AccountLine::line);
            let ids: BTreeSet<CreditAccountId> = accounts.map(|account| account.id).collect();
            additional::list_standing(db, &ids.into_iter().collect::<Vec<_>>(), today)?
        };
        let mut book = Book {
            customers,
            lines: HashMap::new(),
            accounts: HashMap::new(),
            blocked: HashMap::new(),
            overdue: HashMap::new(),
            bounds: Bounds::with(db, found.values(), additional)?,
            rates: None,
            optional_facts: OptionalFacts::default(),
        };
        for (account, cause) in standing.blocked {
            book.blocked.entry(account).or_default().insert(cause);
        }
        for (customer, row) in standing.overdue {
            book.overdue.entry(customer).or_default().push(row);
        }
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
        book.read_rates(db, asked, today)?;
        book.optional_facts = OptionalFacts::read(db, policy, &book.customers(), today)?;
        Ok(book)
    }

    /// Reads exchange rates, when an order is in another currency than its account.
    fn read_rates(
        &mut self,
        db: &mut Db,
        asked: &[CheckRequest],
        today: NaiveDate,
    ) -> Result<(), DbError> {
        let mut currencies = BTreeSet::new();
        for one in asked {
            let given = one.input.amount.money().currency();
            let account = self
                .customer(&one.input.customer)
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

    /// The customers of all accounts that the batch is about.
    pub fn customers_with_accounts(&self) -> Vec<CustomerId> {
        let accounts = self.accounts.values();
        accounts.map(|account| account.customer_id).collect()
    }

    /// Everybody whom the batch is about.
    fn customers(&self) -> Vec<CustomerId> {
        self.lines.keys().copied().collect()
    }

    pub fn customer(&self, reference: &CustomerRef) -> Option<&Named> {
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
        let blocked = self.blocked.get(&account.id);
        Some(Facts {
            today,
            currency: account.currency,
            status: account.status,
            is_blocked: blocked.is_some(),
            block_causes: blocked.into_iter().flatten().copied().collect(),
            net_days: account.net_days,
            limit_source: account.limit_source.clone(),
            limit_valid_until: account.limit_valid_until,
            exempt_until: account.exempt_until,
            opened_on: clock.day_of(account.created_at),
            nodes: places.nodes,
            unknown_nodes: places.unknown,
            grade: self.optional_facts.grade(account.customer_id),
            review_on: self.optional_facts.review_on(account.customer_id),
            overdue: overdue.cloned().unwrap_or_default(),
            unpaid: self.optional_facts.unpaid(account.customer_id),
            dunning_level: self.optional_facts.dunning_level(account.customer_id),
            conversion: self.conversion(input.amount.money().currency(), account.currency),
            behaviour: self.optional_facts.behaviour(account.customer_id),
            usual_order: self
                .optional_facts
                .usual_order(account.customer_id, input.order()),
        })
    }

    fn standing(&self, customer: CustomerId) -> Option<Chain<'_>> {
        let line = self.lines.get(&customer)?;
        let accounts = line.ids().filter_map(|id| self.accounts.get(&id));
        Some(Chain {
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
        by: &Subject,
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
        for (account, minor) in taken {
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
