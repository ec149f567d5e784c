//! Opening a batch: whom it is about, their accounts, and what stands for them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;

use super::CheckRequest;
use super::memory::Memory;
use crate::book::customers::model::CustomerRef;
use crate::book::exposure::actions::{self as exposure, AccountLine, caps};
use crate::book::exposure::model::{AccountBalance, CreditAccount};
use crate::book::exposure::store::{self as accounts_store, balances};
use crate::decide::limits::store::{self, Named, StandingFacts};
use crate::platform::db::{Db, DbError, RowVersion, Tx};
use kernel::ids::{CreditAccountId, CustomerId};
use kernel::text::Number;

/// How often accounts that changed while they were read are read again.
const ATTEMPTS: usize = 3;

/// How the accounts of a batch are read, and so what keeps them true until what is decided on them is written.
pub enum Access<'a, 'tx> {
    /// Those of the checks that reserve are locked.
    Locking(&'a mut Tx<'tx>),
    /// Nothing is locked, and what stands for the accounts is not even asked where nothing stood: what is written must see
    /// that no account has another row version.
    Memory(&'a mut Db),
    /// Nothing is locked, and nothing will be written.
    Reading(&'a mut Db),
}

impl Access<'_, '_> {
    const fn is_memory(&self) -> bool {
        matches!(self, Access::Memory(_))
    }

    fn db(&mut self) -> &mut Db {
        match self {
            Access::Locking(tx) => tx,
            Access::Memory(db) | Access::Reading(db) => db,
        }
    }

    /// The accounts of these lines.
    fn accounts(&mut self, lines: &Lines, memory: &mut Memory) -> Result<Accounts, DbError> {
        match self {
            Access::Locking(tx) => locked(tx, lines),
            Access::Memory(db) => remembered(db, lines, memory),
            Access::Reading(db) => {
                let accounts = accounts_store::list_by_customers(db, &lines.everyone())?;
                Accounts::of(db, accounts)
            }
        }
    }
}

/// What a batch is about.
pub struct Prefetched {
    pub customers: Customers,
    pub lines: BTreeMap<CustomerId, AccountLine>,
    pub standing: StandingFacts,
    /// Of all accounts, where they are not locked.
    pub row_versions: BTreeMap<CreditAccountId, RowVersion>,
    /// Whether the row versions were not even looked at yet.
    pub is_from_memory: bool,
    /// Those whose orders were not looked for: an order that is reserved already is found only when it is reserved again.
    pub not_looked_up: BTreeSet<CustomerId>,
}

/// The customers that a batch is about, by id or by number.
pub struct Customers {
    by_id: HashMap<CustomerId, Named>,
    by_number: HashMap<Number, CustomerId>,
}

impl Customers {
    fn new(found: impl IntoIterator<Item = Named>) -> Customers {
        let by_id: HashMap<CustomerId, Named> = found
            .into_iter()
            .map(|customer| (customer.id, customer))
            .collect();
        let by_number = by_id
            .values()
            .map(|customer| (customer.number.clone(), customer.id));
        Customers {
            by_number: by_number.collect(),
            by_id,
        }
    }

    pub fn get(&self, reference: &CustomerRef) -> Option<&Named> {
        let id = match reference {
            CustomerRef::Id(id) => id,
            CustomerRef::Number(number) => self.by_number.get(number)?,
        };
        self.by_id.get(id)
    }
}

/// Whom a batch is about: its customers, each with those above it, the nearest first.
#[derive(Default)]
struct Lines {
    of: BTreeMap<CustomerId, Vec<CustomerId>>,
    /// Those of checks that reserve, with those above them; and the others.
    reserving: BTreeSet<CustomerId>,
    others: BTreeSet<CustomerId>,
    /// Those of orders that only ask: they may have a reservation, which must be looked for. One that reserves fails when
    /// it has.
    only_asking: BTreeSet<CustomerId>,
    /// Whether nobody asks about a customer that is not known, who may still have used a key.
    are_of_all: bool,
}

impl Lines {
    fn new(asked: &[CheckRequest], memory: &Memory) -> Lines {
        let mut lines = Lines {
            are_of_all: true,
            ..Lines::default()
        };
        for one in asked {
            if let Some((id, above)) = memory.line(&one.input.customer) {
                let wanted = if one.input.reserves() {
                    &mut lines.reserving
                } else {
                    &mut lines.others
                };
                wanted.extend(std::iter::once(id).chain(above.iter().copied()));
                if !one.input.reserves() && one.input.order().is_some() {
                    lines.only_asking.insert(id);
                }
                lines.of.insert(id, above);
            } else {
                lines.are_of_all = false;
            }
        }
        lines.others.retain(|id| !lines.reserving.contains(id));
        lines
    }

    fn everyone(&self) -> Vec<CustomerId> {
        self.reserving.union(&self.others).copied().collect()
    }
}

/// The accounts of a batch, by customer, with what they owe beside their home balances, and with their row versions where
/// they are needed.
#[derive(Default)]
struct Accounts {
    by_customer: BTreeMap<CustomerId, CreditAccount>,
    balances: Vec<AccountBalance>,
    row_versions: BTreeMap<CreditAccountId, RowVersion>,
}

impl Accounts {
    /// Accounts that were read now, with their balances.
    fn of(db: &mut Db, accounts: Vec<CreditAccount>) -> Result<Accounts, DbError> {
        let balances = balances::list(db, &accounts)?;
        let accounts = accounts.into_iter();
        Ok(Accounts {
            by_customer: accounts.map(|own| (own.customer_id, own)).collect(),
            balances,
            row_versions: BTreeMap::new(),
        })
    }
}

/// Reads the customers that are asked about with their lines of accounts, those of checks that reserve locked when they
/// are to be, all in one order, and after these the caps.
///
/// # Errors
/// When the database fails; as a meeting of two units of work when a customer was moved since `memory` heard of it, or
/// accounts go on changing while they are read.
pub fn open(
    mut access: Access,
    asked: &[CheckRequest],
    memory: &mut Memory,
    today: NaiveDate,
) -> Result<Prefetched, DbError> {
    let is_memory = access.is_memory();
    memory.make_room();
    read_unknown(access.db(), asked, memory)?;
    let lines = Lines::new(asked, memory);
    let is_asked = |(id, above): &(&CustomerId, &Vec<CustomerId>)| {
        !is_memory || lines.only_asking.contains(*id) || memory.must_be_asked(**id, above, today)
    };
    let to_ask: BTreeMap<CustomerId, Vec<CustomerId>> = lines
        .of
        .iter()
        .filter(is_asked)
        .map(|(id, above)| (*id, above.clone()))
        .collect();
    let is_all_known = is_memory && to_ask.is_empty() && lines.are_of_all;
    let known_policy = memory.policy().filter(|_| is_all_known);
    for _ in 0..ATTEMPTS {
        let accounts = access.accounts(&lines, memory)?;
        let standing = if known_policy.is_some() {
            StandingFacts {
                live_policy: known_policy,
                ..StandingFacts::default()
            }
        } else {
            standing(access.db(), asked, &to_ask, &accounts, memory, today)?
        };
        if !standing.changed_customers.is_empty() {
            memory.forget(&standing.changed_customers);
            let message = "a customer was moved or renamed meanwhile".to_owned();
            return Err(DbError::Serialization(message));
        }
        if !standing.changed_accounts.is_empty() {
            memory.forget_accounts(&exposure::everyone(&to_ask));
            continue;
        }
        if !to_ask.is_empty() {
            memory.remember_standing(&to_ask, &standing, today);
        }
        let not_asked = lines.of.keys().filter(|id| !to_ask.contains_key(id));
        let not_looked_up = not_asked.copied().collect();
        let prefetched = put_together(access, lines, accounts, standing, memory)?;
        return Ok(Prefetched {
            not_looked_up,
            ..prefetched
        });
    }
    let message = "accounts change all the time".to_owned();
    Err(DbError::Serialization(message))
}

/// The accounts, those of checks that reserve locked.
fn locked(db: &mut Tx, lines: &Lines) -> Result<Accounts, DbError> {
    let list = |set: &BTreeSet<CustomerId>| -> Vec<CustomerId> { set.iter().copied().collect() };
    let mut accounts = Vec::new();
    if !lines.reserving.is_empty() {
        accounts.extend(accounts_store::lock_by_customers(
            db,
            &list(&lines.reserving),
        )?);
    }
    if !lines.others.is_empty() {
        accounts.extend(accounts_store::list_by_customers(db, &list(&lines.others))?);
    }
    Accounts::of(db, accounts)
}

/// The accounts as they are remembered; those that are not are read.
fn remembered(db: &mut Db, lines: &Lines, memory: &mut Memory) -> Result<Accounts, DbError> {
    let unknown: Vec<CustomerId> = lines
        .of
        .iter()
        .flat_map(|(id, above)| memory.accounts_to_read(*id, above))
        .collect();
    if !unknown.is_empty() {
        // The balances after the accounts: whose balances changed meanwhile has another row version by now.
        let read = accounts_store::list_with_row_versions(db, &unknown)?;
        let balances = balances::list(db, read.iter().map(|(account, _)| account))?;
        memory.remember_accounts(&unknown, read, balances);
    }
    let mut accounts = Accounts::default();
    for customer in lines.everyone() {
        if let Some(known) = memory.account(customer) {
            accounts
                .row_versions
                .insert(known.account.id, known.row_version);
            accounts.balances.extend_from_slice(&known.balances);
            accounts.by_customer.insert(customer, known.account.clone());
        }
    }
    Ok(accounts)
}

/// Asks what stands for some lines of a batch.
fn standing(
    db: &mut Db,
    asked: &[CheckRequest],
    lines: &BTreeMap<CustomerId, Vec<CustomerId>>,
    accounts: &Accounts,
    memory: &Memory,
    today: NaiveDate,
) -> Result<StandingFacts, DbError> {
    let own: Vec<&CreditAccount> = lines
        .keys()
        .filter_map(|id| accounts.by_customer.get(id))
        .collect();
    let everyone = exposure::everyone(lines);
    let named: Vec<&Named> = everyone
        .iter()
        .filter_map(|id| memory.customer(*id))
        .collect();
    let all: Vec<CreditAccountId> = everyone
        .iter()
        .filter_map(|id| Some(accounts.by_customer.get(id)?.id))
        .collect();
    let row_versions: Vec<RowVersion> = all
        .iter()
        .filter_map(|id| accounts.row_versions.get(id))
        .copied()
        .collect();
    let is_meant = |one: &&CheckRequest| {
        let line = memory.line(&one.input.customer);
        line.is_none_or(|(id, _)| lines.contains_key(&id))
    };
    let asked: Vec<&CheckRequest> = asked.iter().filter(is_meant).collect();
    let orders: Vec<&str> = asked.iter().filter_map(|one| one.input.order()).collect();
    let keys = asked.iter().filter_map(|one| one.keyed.as_ref());
    store::standing(
        db,
        &store::Wanted {
            customers: &own.iter().map(|a| a.customer_id).collect::<Vec<_>>(),
            accounts: &own.iter().map(|a| a.id).collect::<Vec<_>>(),
            named: &named,
            all_accounts: &all,
            row_versions: (!row_versions.is_empty()).then_some(&row_versions),
            orders: &orders,
            keys: &keys.map(|keyed| keyed.id).collect::<Vec<_>>(),
            today,
        },
    )
}

/// Adds the caps, and locks them when the accounts are.
fn put_together(
    mut access: Access,
    lines: Lines,
    accounts: Accounts,
    standing: StandingFacts,
    memory: &Memory,
) -> Result<Prefetched, DbError> {
    let everyone = lines.everyone();
    let known = everyone.iter().filter_map(|id| memory.customer(*id));
    let customers = Customers::new(known.cloned());
    let caps = if standing.has_caps {
        let own = lines.of.keys();
        let own: Vec<&CreditAccount> = own.filter_map(|id| accounts.by_customer.get(id)).collect();
        caps::of(access.db(), &own)?
    } else {
        BTreeMap::new()
    };
    let is_from_memory = access.is_memory();
    if let Access::Locking(tx) = access {
        caps::lock(tx, &caps.values().flatten().copied().collect())?;
    }
    Ok(Prefetched {
        lines: exposure::put_together(lines.of, &accounts.by_customer, caps, &accounts.balances),
        customers,
        standing,
        row_versions: accounts.row_versions,
        is_from_memory,
        not_looked_up: BTreeSet::new(),
    })
}

/// Reads what is not remembered of the customers that are asked about, and of everybody above them. Who is not found after
/// that is not there.
fn read_unknown(db: &mut Db, asked: &[CheckRequest], memory: &mut Memory) -> Result<(), DbError> {
    let mut ids: Vec<CustomerId> = Vec::new();
    let mut numbers: Vec<&str> = Vec::new();
    for one in asked {
        let reference = &one.input.customer;
        if memory.line(reference).is_none() {
            memory.forget_line(reference);
            match reference {
                CustomerRef::Id(id) => ids.push(*id),
                CustomerRef::Number(number) => numbers.push(number.as_str()),
            }
        }
    }
    let mut found: Vec<Named> = Vec::new();
    if !ids.is_empty() {
        found.extend(store::list_named(db, &ids)?);
    }
    if !numbers.is_empty() {
        found.extend(store::list_named_by_numbers(db, &numbers)?);
    }
    remember(db, memory, found)?;
    let has_no_line = |one: &&CheckRequest| {
        let reference = &one.input.customer;
        memory.line(reference).is_none() && memory.knows(reference)
    };
    if let Some(one) = asked.iter().find(has_no_line) {
        // Moved while one after the other was read.
        memory.forget_line(&one.input.customer);
        let message = "a customer was moved meanwhile".to_owned();
        return Err(DbError::Serialization(message));
    }
    Ok(())
}

/// Remembers some customers with their accounts and what stands for them, before anybody asks about them.
///
/// # Errors
/// When the database fails.
pub fn read_ahead(
    db: &mut Db,
    memory: &mut Memory,
    customers: Vec<Named>,
    today: NaiveDate,
) -> Result<(), DbError> {
    let ids: Vec<CustomerId> = customers.iter().map(|customer| customer.id).collect();
    remember(db, memory, customers)?;
    let references = ids.into_iter().map(CustomerRef::Id);
    let of: BTreeMap<CustomerId, Vec<CustomerId>> = references
        .filter_map(|reference| memory.line(&reference))
        .collect();
    let lines = Lines {
        others: exposure::everyone(&of).into_iter().collect(),
        of,
        ..Lines::default()
    };
    let accounts = remembered(db, &lines, memory)?;
    let standing = standing(db, &[], &lines.of, &accounts, memory, today)?;
    if standing.changed_customers.is_empty() && standing.changed_accounts.is_empty() {
        memory.remember_standing(&lines.of, &standing, today);
    }
    Ok(())
}

/// Remembers customers, and reads those above them that are not remembered.
fn remember(db: &mut Db, memory: &mut Memory, mut found: Vec<Named>) -> Result<(), DbError> {
    let learned: Vec<CustomerId> = found.iter().map(|customer| customer.id).collect();
    while !found.is_empty() {
        memory.remember(found);
        let above = memory.unknown(learned.iter().copied());
        found = if above.is_empty() {
            Vec::new()
        } else {
            store::list_named(db, &above)?
        };
    }
    Ok(())
}
