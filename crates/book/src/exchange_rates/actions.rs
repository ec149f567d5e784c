//! What is done with exchange rates.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::NaiveDate;

use super::model::{ExchangeRate, NewRate, RateKey};
use super::rules::{Conversion, InFuture, RateTable};
use super::{rules, store};
use crate::book::policy::actions as policies;
use crate::book::policy::model::Policy;
use crate::book::policy::rules::in_currencies;
use crate::platform::db::{Change, Db, DbError, Tx};
use kernel::ids::ExchangeRateId;
use kernel::money::{Currency, Money};

/// Why a use case on exchange rates was refused.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeRateError {
    #[error("there is no such exchange rate")]
    Missing,
    #[error(transparent)]
    InFuture(#[from] InFuture),
    #[error("no exchange rate leads from {from} to {to} on {on}")]
    NoRate {
        from: Currency,
        to: Currency,
        on: NaiveDate,
    },
    #[error(transparent)]
    Db(#[from] DbError),
}

/// The rates that hold on a day, as far as conversions between these currencies need them.
///
/// # Errors
/// When the database fails.
pub fn latest(db: &mut Db, currencies: &[Currency], on: NaiveDate) -> Result<RateTable, DbError> {
    Ok(RateTable::new(on, store::list_latest(db, currencies, on)?))
}

/// Sets a rate, which holds from its day until the next one of its pair. One that was set for the same day before
/// stays in the table, and holds no more.
///
/// # Errors
/// When its day lies in the future.
pub fn set(tx: &mut Tx, new: &NewRate) -> Result<ExchangeRate, ExchangeRateError> {
    rules::check_day(new.rate_date, tx.today())?;
    let row = row(tx, new);
    append(tx, std::slice::from_ref(&row))?;
    Ok(row)
}

/// What became of one of many rates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    Set,
    /// The same holds for that pair and day already.
    Unchanged,
    InFuture(InFuture),
}

/// Sets those of many rates that say something new, with few statements, and says in their order what became of each.
///
/// # Errors
/// When the database fails.
pub fn take_over(tx: &mut Tx, new: &[&NewRate]) -> Result<Vec<Taken>, DbError> {
    let today = tx.today();
    let keys: BTreeSet<RateKey> = new.iter().map(|rate| rate.key()).collect();
    let mut holding = store::list_holding(tx, &keys)?;
    let mut rows = Vec::new();
    let mut taken = Vec::with_capacity(new.len());
    for rate in new {
        if let Err(why) = rules::check_day(rate.rate_date, today) {
            taken.push(Taken::InFuture(why));
        } else if holding
            .get(&rate.key())
            .is_some_and(|held| rate.is_same(held))
        {
            taken.push(Taken::Unchanged);
        } else {
            let row = row(tx, rate);
            holding.insert(rate.key(), row.clone());
            rows.push(row);
            taken.push(Taken::Set);
        }
    }
    append(tx, &rows)?;
    Ok(taken)
}

/// How money would be converted on a day.
///
/// # Errors
/// When no rate leads from the one currency to the other.
pub fn quote(
    db: &mut Db,
    from: Currency,
    to: Currency,
    on: NaiveDate,
) -> Result<Conversion, ExchangeRateError> {
    latest(db, &[from, to], on)?
        .find(from, to)
        .ok_or(ExchangeRateError::NoRate { from, to, on })
}

/// The live policy with an authority matrix that reaches amounts in these currencies as well, by the rates of today. No rate
/// is looked up where every row names them.
///
/// # Errors
/// When the database fails.
pub fn approving_policy(db: &mut Db, currencies: &[Currency]) -> Result<Policy, DbError> {
    let mut policy = Arc::unwrap_or_clone(policies::live(db)?);
    let authority = &policy.document.authority;
    let is_named = |currency: &Currency| {
        let mut rows = authority.iter();
        rows.all(|row| row.amounts.get(*currency).is_some())
    };
    let missing: Vec<Currency> = currencies
        .iter()
        .copied()
        .filter(|currency| !is_named(currency))
        .collect();
    if !missing.is_empty() {
        let named = authority.iter().flat_map(|row| row.amounts.iter());
        let all: BTreeSet<Currency> = named
            .map(Money::currency)
            .chain(missing.iter().copied())
            .collect();
        let all: Vec<Currency> = all.into_iter().collect();
        let rates = latest(db, &all, db.today())?;
        let most = |amount: Money, currency: Currency| {
            rules::most_within(amount, &rates.find(currency, amount.currency())?)
        };
        policy.document.authority = in_currencies(authority, &missing, most);
    }
    Ok(policy)
}

fn row(tx: &Tx, new: &NewRate) -> ExchangeRate {
    ExchangeRate {
        id: ExchangeRateId::new(),
        base_currency: new.base_currency,
        quote_currency: new.quote_currency,
        rate: new.rate,
        rate_date: new.rate_date,
        source: new.source.clone(),
        set_by: tx.caller().subject.clone(),
        set_at: tx.now(),
    }
}

fn append(tx: &mut Tx, rows: &[ExchangeRate]) -> Result<(), DbError> {
    store::insert(tx, rows)?;
    let changes = rows
        .iter()
        .map(|row| Change::new("exchange_rate.set", row.id).after(row));
    tx.record_all(changes.collect())
}
