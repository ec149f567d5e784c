//! Opening a batch: whom it is about, their accounts, and what stands for them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;

use super::CheckRequest;
use super::memory::Memory;
use crate::book::customers::model::CustomerRef;
use crate::book::exposure::actions::{self as exposure, AccountLine, caps};
use crate::book::exposure::model::CreditAccount;
use crate::book::exposure::store as accounts_store;
use crate::decide::limits::store::{self, Named, StandingFacts};
use crate::platform::db::{Db, DbError, RowVersion};
use kernel::ids::{CreditAccountId, CustomerId};
use kernel::text::Number;

/// How often accounts that changed while they were read are read again.
const ATTEMPTS: usize = 3;

/// How what is decided is kept true until it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locking {
    /// The accounts of the checks that reserve are locked.
    Reserving,
    /// Nothing is locked, and what stands for the accounts is not even asked where nothing stood: what is written must see
    /// that no account has another mark.
    Memory,
    /// Nothing is locked, and nothing will be written.
    Nothing,
}

/// What a batch is about.
pub struct Opened {
    pub customers: Customers,
    pub lines: BTreeMap<CustomerId, AccountLine>,
    pub standing: StandingFacts,
    /// Of all accounts, where they are not locked but marked.
    pub marks: BTreeMap<CreditAccountId, RowVersion>,
    /// Whether the marks were not even looked at yet.
    pub is_from_memory: bool,
    /// Those whose orders were not looked for: an order that is reserved already is found only when it is reserved again.
    pub believed: BTreeSet<CustomerId>,
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

/// The accounts of a batch, by customer, with their marks where they are needed.
#[derive(Default)]
struct Accounts {
    by_customer: BTreeMap<CustomerId, CreditAccount>,
    marks: BTreeMap<CreditAccountId, RowVersion>,
}

impl From<Vec<CreditAccount>> for Accounts {
    fn from(accounts: Vec<CreditAccount>) -> Accounts {
        let by_customer = accounts
            .into_iter()
            .map(|account| (account.customer_id, account));
        Accounts {
            by_customer: by_customer.collect(),
            marks: BTreeMap::new(),
        }
    }
}

/// Reads the customers that are asked about with their lines of accounts, those of checks that reserve locked when they
/// are to be, all in one order, and after these the caps.
///
/// # Errors
/// When the database fails; as a meeting of two units of work when a customer was moved since `memory` heard of it, or
/// accounts go on changing while they are read.
pub fn open(
    db: &mut Db,
    asked: &[CheckRequest],
    memory: &mut Memory,
    locking: Locking,
    today: NaiveDate,
) -> Result<Opened, DbError> {
    memory.make_room();
    learn(db, asked, memory)?;
    let lines = Lines::new(asked, memory);
    let is_asked = |(id, above): &(&CustomerId, &Vec<CustomerId>)| {
        locking != Locking::Memory
            || lines.only_asking.contains(*id)
            || memory.must_be_asked(**id, above, today)
    };
    let to_ask: BTreeMap<CustomerId, Vec<CustomerId>> = lines
        .of
        .iter()
        .filter(is_asked)
        .map(|(id, above)| (*id, above.clone()))
        .collect();
    let is_all_known = locking == Locking::Memory && to_ask.is_empty() && lines.are_of_all;
    let known_policy = memory.policy().filter(|_| is_all_known);
    for _ in 0..ATTEMPTS {
        let accounts = match locking {
            Locking::Reserving => locked(db, &lines)?,
            Locking::Memory => remembered(db, &lines, memory)?,
            Locking::Nothing => accounts_store::list_by_customers(db, &lines.everyone())?.into(),
        };
        let standing = if known_policy.is_some() {
            StandingFacts {
                live_policy: known_policy,
                ..StandingFacts::default()
            }
        } else {
            standing(db, asked, &to_ask, &accounts, memory, today)?
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
        let believed = not_asked.copied().collect();
        let opened = put_together(db, lines, accounts, standing, memory, locking)?;
        return Ok(Opened { believed, ..opened });
    }
    let message = "accounts change all the time".to_owned();
    Err(DbError::Serialization(message))
}

/// The accounts, those of checks that reserve locked.
fn locked(db: &mut Db, lines: &Lines) -> Result<Accounts, DbError> {
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
    Ok(accounts.into())
}

/// The accounts as they are remembered; those that are not are read.
fn remembered(db: &mut Db, lines: &Lines, memory: &mut Memory) -> Result<Accounts, DbError> {
    let unknown: Vec<CustomerId> = lines
        .of
        .iter()
        .flat_map(|(id, above)| memory.accounts_to_read(*id, above))
        .collect();
    if !unknown.is_empty() {
        let read = accounts_store::list_marked(db, &unknown)?;
        memory.remember_accounts(&unknown, read);
    }
    let mut accounts = Accounts::default();
    for customer in lines.everyone() {
        if let Some(known) = memory.account(customer) {
            accounts.marks.insert(known.account.id, known.mark);
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
    let marks: Vec<RowVersion> = all
        .iter()
        .filter_map(|id| accounts.marks.get(id))
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
            marks: (!marks.is_empty()).then_some(&marks),
            orders: &orders,
            keys: &keys.map(|keyed| keyed.id).collect::<Vec<_>>(),
            today,
        },
    )
}

/// Adds the caps, and locks them when the accounts are.
fn put_together(
    db: &mut Db,
    lines: Lines,
    accounts: Accounts,
    standing: StandingFacts,
    memory: &Memory,
    locking: Locking,
) -> Result<Opened, DbError> {
    let everyone = lines.everyone();
    let known = everyone.iter().filter_map(|id| memory.customer(*id));
    let customers = Customers::new(known.cloned());
    let caps = if standing.has_caps {
        let own = lines.of.keys();
        let own: Vec<&CreditAccount> = own.filter_map(|id| accounts.by_customer.get(id)).collect();
        caps::of(db, &own)?
    } else {
        BTreeMap::new()
    };
    if locking == Locking::Reserving {
        caps::lock(db, &caps.values().flatten().copied().collect())?;
    }
    Ok(Opened {
        lines: exposure::put_together(lines.of, &accounts.by_customer, caps),
        customers,
        standing,
        marks: accounts.marks,
        is_from_memory: locking == Locking::Memory,
        believed: BTreeSet::new(),
    })
}

/// Reads what is not remembered of the customers that are asked about, and of everybody above them. Who is not found after
/// that is not there.
fn learn(db: &mut Db, asked: &[CheckRequest], memory: &mut Memory) -> Result<(), DbError> {
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
