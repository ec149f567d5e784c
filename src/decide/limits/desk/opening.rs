//! Opening a batch: whom it is about, their accounts, locked where it reserves, and what stands for them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;

use super::Asked;
use super::hints::Hints;
use crate::book::customers::model::CustomerRef;
use crate::book::customers::store as customers;
use crate::book::exposure::actions::{self as exposure, Locked, caps};
use crate::book::exposure::model::CreditAccount;
use crate::book::exposure::store as accounts_store;
use crate::decide::limits::store::{self, Named, Standing};
use crate::kernel::ids::CustomerId;
use crate::kernel::text::Number;
use crate::platform::db::{Db, DbError};

/// Whether the accounts of the checks that reserve are locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locking {
    Reserving,
    Nothing,
}

/// What a batch is about.
pub struct Opened {
    pub customers: Customers,
    pub lines: BTreeMap<CustomerId, Locked>,
    pub standing: Standing,
}

/// The customers that a batch is about, by id or by number.
pub struct Customers {
    by_id: HashMap<CustomerId, Named>,
    by_number: HashMap<Number, CustomerId>,
}

impl Customers {
    fn new(found: Vec<Named>) -> Customers {
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

    pub fn get(&self, reference: &CustomerRef) -> Option<&Named> {
        let id = match reference {
            CustomerRef::Id(id) => id,
            CustomerRef::Number(number) => self.by_number.get(number)?,
        };
        self.by_id.get(id)
    }
}

/// Reads the customers that are asked about with their lines of accounts, those of checks that reserve locked, all in
/// one order, and after these the caps.
///
/// # Errors
/// When the database fails; as a meeting of two units of work when a customer was moved since `hints` heard of it.
pub fn open(
    db: &mut Db,
    asked: &[Asked],
    hints: &Hints,
    locking: Locking,
    today: NaiveDate,
) -> Result<Opened, DbError> {
    learn(db, asked, hints)?;
    let mut lines: BTreeMap<CustomerId, Vec<CustomerId>> = BTreeMap::new();
    let (mut locked, mut others) = (BTreeSet::new(), BTreeSet::new());
    let mut orders: Vec<&str> = Vec::new();
    for one in asked {
        if let Some((id, above)) = hints.line(&one.input.customer()) {
            let wanted = if one.input.reserves() && locking == Locking::Reserving {
                &mut locked
            } else {
                &mut others
            };
            wanted.extend(std::iter::once(id).chain(above.iter().copied()));
            orders.extend(one.input.order());
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
    let accounts: BTreeMap<CustomerId, CreditAccount> = accounts
        .into_iter()
        .map(|account| (account.customer_id, account))
        .collect();
    let own: Vec<&CreditAccount> = lines.keys().filter_map(|id| accounts.get(id)).collect();
    let keys = asked.iter().filter_map(|one| one.keyed.as_ref());
    let mut standing = store::standing(
        db,
        &store::Wanted {
            customers: &own
                .iter()
                .map(|account| account.customer_id)
                .collect::<Vec<_>>(),
            accounts: &own.iter().map(|account| account.id).collect::<Vec<_>>(),
            all_customers: &[locked, others].concat(),
            all_accounts: &accounts
                .values()
                .map(|account| account.id)
                .collect::<Vec<_>>(),
            orders: &orders,
            keys: &keys.map(|keyed| keyed.id).collect::<Vec<_>>(),
            today,
        },
    )?;
    let customers = Customers::new(std::mem::take(&mut standing.named));
    hints.remember(customers.by_id.values());
    refuse_if_moved(asked, &customers, &lines, hints)?;
    let caps = if standing.has_caps {
        caps::of(db, &own)?
    } else {
        BTreeMap::new()
    };
    if locking == Locking::Reserving {
        caps::lock(db, &caps.values().flatten().copied().collect())?;
    }
    Ok(Opened {
        lines: exposure::put_together(lines, &accounts, caps),
        customers,
        standing,
    })
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
    let mut found: Vec<Named> = Vec::new();
    if !ids.is_empty() {
        found.extend(by_ids(db, &ids)?);
    }
    if !numbers.is_empty() {
        let numbers: Vec<&str> = numbers.iter().map(Number::as_str).collect();
        let known = customers::list_by_numbers(db, &numbers)?;
        found.extend(known.into_iter().map(Named::from));
    }
    let learned: Vec<CustomerId> = found.iter().map(|customer| customer.id).collect();
    while !found.is_empty() {
        hints.remember(&found);
        let above = hints.unknown(learned.iter().copied());
        found = if above.is_empty() {
            Vec::new()
        } else {
            by_ids(db, &above)?
        };
    }
    Ok(())
}

fn by_ids(db: &mut Db, ids: &[CustomerId]) -> Result<Vec<Named>, DbError> {
    let found = customers::list_by_ids(db, ids)?;
    Ok(found.into_iter().map(Named::from).collect())
}
