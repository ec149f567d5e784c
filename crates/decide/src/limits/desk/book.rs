//! What a batch reads of the book: customers, accounts with their groups, and the facts that the policy asks for.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;

use super::CheckRequest;
use super::optional_facts::OptionalFacts;
use super::prefetch::{Customers, Prefetched};
use crate::book::customers::model::CustomerRef;
use crate::book::entities::actions::Entities;
use crate::book::exchange_rates::rules::{Rounding, convert};
use crate::book::exposure::actions::agreements::Agreements;
use crate::book::exposure::actions::bounds::{Bounds, ForOrder};
use crate::book::exposure::actions::{AccountLine, Movements};
use crate::book::exposure::model::{
    AccountBalance, AccountStatus, AdditionalLimit, BalanceKey, BlockCause, CreditAccount, Exposure,
};
use crate::book::exposure::rules::Owing;
use crate::book::exposure::store::additional;
use crate::book::policy::model::PolicyDocument;
use crate::decide::limits::check::CheckError;
use crate::decide::limits::check::facts::{Facts, Overdue};
use crate::decide::limits::input::LimitCheckIn;
use crate::decide::limits::model::Reservation;
use crate::decide::limits::store::{self, Named};
use crate::platform::db::{Db, DbError};
use kernel::clock::{Clock, Instant};
use kernel::ids::{CreditAccountId, CustomerId, PortfolioCapId};
use kernel::money::{Currency, Money};
use kernel::text::Subject;

/// The part of the book that a batch is about.
pub struct Book {
    customers: Customers,
    lines: HashMap<CustomerId, Line>,
    /// The accounts as they are with the reservations of this batch.
    accounts: HashMap<CreditAccountId, CreditAccount>,
    /// What they owe beside their home balances, as it is with the reservations of this batch.
    balances: HashMap<CreditAccountId, Vec<AccountBalance>>,
    /// Whether this batch took something in a balance that has no row yet.
    opens_balances: bool,
    entities: Entities,
    blocked: HashMap<CreditAccountId, BTreeSet<BlockCause>>,
    overdue: HashMap<CustomerId, Vec<Overdue>>,
    /// What bounds the accounts besides, with the reservations of this batch.
    bounds: Bounds,
    agreements: Agreements,
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
    accounts: Vec<Owing<'a>>,
    caps: &'a [PortfolioCapId],
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
        let references = asked.iter().map(|one| one.input.legal_entity.as_ref());
        let entities = Entities::read(db, references)?;
        let currencies = asked.iter().map(|one| one.input.amount.money().currency());
        let bounds = Bounds::with(db, found.values(), additional, currencies)?;
        let own = found.values().map(|line| &line.account);
        let mut book = Book {
            agreements: Agreements::with(db, own, bounds.terms().to_vec(), [])?,
            customers,
            lines: HashMap::new(),
            accounts: HashMap::new(),
            balances: HashMap::new(),
            opens_balances: false,
            entities,
            blocked: HashMap::new(),
            overdue: HashMap::new(),
            bounds,
            optional_facts: OptionalFacts::default(),
        };
        for (account, cause) in standing.blocked {
            book.blocked.entry(account).or_default().insert(cause);
        }
        for (customer, row) in standing.overdue {
            book.overdue.entry(customer).or_default().push(row);
        }
        book.read_overdue_by_balance(db, &found, today)?;
        for (customer, found) in found {
            for balance in found.balances {
                let of_account = book.balances.entry(balance.account_id).or_default();
                if !of_account.iter().any(|known| known.key() == balance.key()) {
                    of_account.push(balance);
                }
            }
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
        book.optional_facts = OptionalFacts::read(db, policy, &book.customers(), today)?;
        Ok(book)
    }

    /// Of customers who owe beside their home balances, what is overdue is read by balance.
    fn read_overdue_by_balance(
        &mut self,
        db: &mut Db,
        found: &BTreeMap<CustomerId, AccountLine>,
        today: NaiveDate,
    ) -> Result<(), DbError> {
        let beside = found
            .iter()
            .filter(|(customer, line)| {
                line.account.has_other_balances && self.overdue.contains_key(customer)
            })
            .map(|(customer, _)| *customer);
        let beside: Vec<CustomerId> = beside.collect();
        if beside.is_empty() {
            return Ok(());
        }
        for customer in &beside {
            self.overdue.remove(customer);
        }
        for (customer, mut row) in store::list_overdue_by_balance(db, &beside, today)? {
            let home = found.get(&customer).map(|line| line.account.home());
            row.balance = row.balance.filter(|key| Some(*key) != home);
            self.overdue.entry(customer).or_default().push(row);
        }
        Ok(())
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

    /// What an account owes beside its home balance, with the reservations of this batch.
    pub fn balances(&self, id: CreditAccountId) -> &[AccountBalance] {
        self.balances.get(&id).map_or(&[][..], Vec::as_slice)
    }

    /// The balance that an order counts in: of what it has reserved, else of the company that it names, in its own currency
    /// where the account has documents in that, else in the account's.
    ///
    /// # Errors
    /// When there is no such legal entity.
    pub fn balance_of(
        &self,
        account: &CreditAccount,
        input: &LimitCheckIn,
        reservation: Option<&Reservation>,
    ) -> Result<BalanceKey, CheckError> {
        let entity = self.entities.find(input.legal_entity.as_ref());
        let entity = entity.map_err(|_| CheckError::NoSuchEntity)?;
        if let Some(reservation) = reservation {
            return Ok(reservation.key());
        }
        let asked = input.amount.money().currency();
        let currency = if account.bills_in(asked) {
            asked
        } else {
            account.currency
        };
        Ok(BalanceKey::new(entity, currency))
    }

    /// What is known about an account's customer, for a question about an order.
    pub fn facts(
        &self,
        account: &CreditAccount,
        input: &LimitCheckIn,
        (order, asked_on): (ForOrder, NaiveDate),
        clock: &Clock,
        today: NaiveDate,
    ) -> Option<Facts> {
        let customer = account.customer_id;
        let standing = self.standing(customer)?;
        let places = self.bounds.places(&standing.accounts, standing.caps, order);
        let overdue = self.overdue.get(&customer);
        let blocked = self.blocked.get(&account.id);
        let key = order.key.filter(|key| *key != account.home());
        let entity = order.key.unwrap_or_else(|| account.home()).legal_entity_id;
        let terms = self.bounds.terms_of(account.id, entity);
        let into = |minor: i64, from: Currency| {
            if from == account.currency {
                return Some(minor);
            }
            let conversion = self.bounds.conversion(from, account.currency)?;
            let money = Money::from_minor(minor, from);
            let converted = convert(money, &conversion, Rounding::Up).ok()?;
            Some(converted.minor())
        };
        let mut causes: Vec<BlockCause> = blocked.into_iter().flatten().copied().collect();
        // Dunning may close the account to what this company sells alone.
        let is_dunned = terms.is_some_and(|terms| terms.dunning_blocked_at.is_some());
        if is_dunned && !causes.contains(&BlockCause::Dunning) {
            causes.insert(0, BlockCause::Dunning);
        }
        Some(Facts {
            today,
            currency: account.currency,
            status: account.status,
            is_blocked: !causes.is_empty(),
            block_causes: causes,
            net_days: self
                .agreements
                .days(account, entity, input.amount.money(), asked_on),
            limit_source: account.limit_source.clone(),
            limit_valid_until: account.limit_valid_until,
            exempt_until: account.exempt_until,
            opened_on: clock.day_of(account.created_at),
            nodes: places.nodes,
            unknown_nodes: places.unknown,
            rates: places.rates,
            balance: key,
            is_suspended_by_entity: terms
                .is_some_and(|terms| terms.status == AccountStatus::Suspended),
            grade: self.optional_facts.grade(customer),
            review_on: self.optional_facts.review_on(customer),
            ledger_as_of: self.optional_facts.ledger_as_of(entity),
            overdue: overdue.cloned().unwrap_or_default(),
            unpaid: self.optional_facts.unpaid(customer, &into),
            dunning_level: self.optional_facts.dunning_level(customer),
            conversion: self
                .bounds
                .conversion(input.amount.money().currency(), account.currency),
            behaviour: self.optional_facts.behaviour(customer, &into),
            usual_order: self
                .optional_facts
                .usual_order(customer, input.order(), &into),
        })
    }

    fn standing(&self, customer: CustomerId) -> Option<Chain<'_>> {
        let line = self.lines.get(&customer)?;
        let owing = |id: CreditAccountId| {
            let account = self.accounts.get(&id)?;
            let balances = self.balances(id);
            Some(Owing { account, balances })
        };
        let accounts = line.ids().filter_map(owing);
        Some(Chain {
            accounts: accounts.collect(),
            caps: &line.caps,
        })
    }

    /// Takes capacity in a balance of an account, in all its groups and under all its caps, for the checks that follow in
    /// this batch.
    pub fn take(&mut self, account: CreditAccountId, key: BalanceKey, minor: i64) {
        let Some(customer) = self.accounts.get(&account).map(|own| own.customer_id) else {
            return;
        };
        let Some(line) = self.lines.get(&customer) else {
            return;
        };
        let more = Exposure::reserved(minor);
        for id in line.ids() {
            let Some(node) = self.accounts.get_mut(&id) else {
                continue;
            };
            let own = if id == account {
                more
            } else {
                Exposure::default()
            };
            if node.home() == key {
                node.reserved_minor = node.reserved_minor.saturating_add(own.reserved_minor);
                node.group_reserved_minor = node.group_reserved_minor.saturating_add(minor);
                continue;
            }
            node.has_other_balances = true;
            let balances = self.balances.entry(id).or_default();
            if let Some(balance) = balances.iter_mut().find(|balance| balance.key() == key) {
                balance.add(own, more);
            } else {
                self.opens_balances = true;
                // In the order in which they are read.
                let at = balances.partition_point(|balance| balance.key() < key);
                balances.insert(at, AccountBalance::new(id, key, own, more));
            }
        }
        self.bounds.take(&line.caps, key.currency, more);
    }

    /// Whether something was taken in a balance that has no row yet.
    pub const fn opens_balances(&self) -> bool {
        self.opens_balances
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

    /// What was taken in each balance, as it is to be written to accounts, to their groups and to caps.
    pub fn movements(&self, taken: &BTreeMap<(CreditAccountId, BalanceKey), i64>) -> Movements {
        let mut movements = Movements::default();
        for ((account, key), minor) in taken {
            let Some(account) = self.accounts.get(account) else {
                continue;
            };
            let Some(line) = self.lines.get(&account.customer_id) else {
                continue;
            };
            let change = Exposure::reserved(*minor);
            for id in line.ids() {
                let Some(node) = self.accounts.get(&id) else {
                    continue;
                };
                let movement = if node.home() == *key {
                    movements.accounts.entry(id).or_default()
                } else {
                    movements.balances.entry((id, *key)).or_default()
                };
                if id == account.id {
                    movement.own += change;
                }
                movement.group += change;
            }
            for cap in &line.caps {
                let of_cap = movements.caps.entry((*cap, key.currency));
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
