//! Caps: what accounts that have something in common may owe together.
//!
//! What is owed under a cap is kept beside it, by currency, and moves in the unit of work that moves an account's
//! exposure. Accounts are locked first, by id, then caps, by id. Setting up a cap keeps everybody out who would move
//! exposure, so that whoever holds an account knows all its caps.

use std::collections::{BTreeMap, BTreeSet};

use super::Locked;
use crate::book::customers::store as customers;
use crate::book::exchange_rates::actions as exchange_rates;
use crate::book::exchange_rates::rules::Conversions;
use crate::book::exposure::model::{
    CreditAccount, Exposure, PortfolioCap, PortfolioExposure, PortfolioKind,
};
use crate::book::exposure::rules::{self, Traits, acceptor_key};
use crate::book::exposure::store::portfolios as store;
use crate::book::policy::model::ExposureCategory;
use crate::platform::db::{Change, Db, DbError, Tx};
use kernel::ids::{CreditAccountId, CustomerId, PortfolioCapId};
use kernel::money::{Currency, Money, sum_minor};

/// Why a use case on caps was refused.
#[derive(Debug, thiserror::Error)]
pub enum CapError {
    #[error("there is no such cap")]
    Missing,
    #[error("there is a cap for this already")]
    Exists { kind: PortfolioKind, key: String },
    #[error("the cap changed meanwhile")]
    Stale,
    #[error(transparent)]
    Db(#[from] DbError),
}

/// What is to be added to the exposure of caps.
pub type Movements = BTreeMap<(PortfolioCapId, Currency), Exposure>;

/// The caps under which each of these accounts counts. One small query when there is no cap.
///
/// # Errors
/// When the database fails.
pub fn of(
    db: &mut Db,
    accounts: &[&CreditAccount],
) -> Result<BTreeMap<CreditAccountId, Vec<PortfolioCapId>>, DbError> {
    if accounts.is_empty() {
        return Ok(BTreeMap::new());
    }
    let caps = store::list_all(db)?;
    if caps.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ids: Vec<CustomerId> = accounts.iter().map(|account| account.customer_id).collect();
    let mut known = BTreeMap::new();
    for chunk in ids.chunks(5_000) {
        let found = customers::list_by_ids(db, chunk)?;
        known.extend(found.into_iter().map(|customer| (customer.id, customer)));
    }
    Ok(accounts
        .iter()
        .filter_map(|account| {
            let traits = Traits::of(known.get(&account.customer_id)?, account);
            let under = caps.iter().filter(|cap| traits.fall_under(cap));
            Some((account.id, under.map(|cap| cap.id).collect()))
        })
        .collect())
}

/// Adds to the exposure of caps. The accounts that owe it must be locked.
///
/// # Errors
/// When the database fails, also when an amount would fall below zero: that is a fault of ours, never of a caller.
pub fn post(tx: &mut Tx, movements: &Movements) -> Result<(), DbError> {
    if movements.is_empty() {
        return Ok(());
    }
    let caps: BTreeSet<PortfolioCapId> = movements.keys().map(|(cap, _)| *cap).collect();
    lock(tx, &caps)?;
    store::add(tx, movements)
}

/// Locks caps, in order of id. Whoever decides on what they leave must hold them until it is taken.
///
/// # Errors
/// When the database fails.
pub fn lock(tx: &mut Tx, caps: &BTreeSet<PortfolioCapId>) -> Result<(), DbError> {
    let caps: Vec<PortfolioCapId> = caps.iter().copied().collect();
    for chunk in caps.chunks(5_000) {
        store::lock(tx, chunk)?;
    }
    Ok(())
}

/// Moves what an account owes from the caps under which it was locked to those under which it counts now; says whether
/// these are others.
///
/// # Errors
/// When the database fails.
pub fn follow(tx: &mut Tx, locked: &Locked, now: &CreditAccount) -> Result<bool, DbError> {
    let new = of(tx, &[now])?.remove(&now.id).unwrap_or_default();
    let left = locked.caps.iter().filter(|cap| !new.contains(cap));
    let joined = new.iter().filter(|cap| !locked.caps.contains(cap));
    let mut movements = Movements::new();
    let (left, joined): (Vec<_>, Vec<_>) = (left.collect(), joined.collect());
    for (key, exposure) in locked.owed() {
        for (caps, change) in [(&left, -exposure), (&joined, exposure)] {
            for cap in caps {
                let sum = movements.entry((**cap, key.currency)).or_default();
                *sum = sum.plus(change)?;
            }
        }
    }
    post(tx, &movements)?;
    Ok(!movements.is_empty())
}

/// How an acceptor's instruments stand to its cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AcceptorRoom {
    /// No cap bounds it.
    NoCap,
    Within,
    Exceeded,
    /// No exchange rate tells.
    Unknown,
}

/// Adds an amount of an acceptor's instruments to its caps, or takes it off, and says how they stand afterwards. What has
/// happened is counted, also beyond a cap. The account that the instrument is of must be locked, and posted already: caps
/// of accounts are locked before those of acceptors.
///
/// # Errors
/// When the database fails.
pub fn count_instrument(
    tx: &mut Tx,
    acceptor: &str,
    currency: Currency,
    minor: i64,
) -> Result<AcceptorRoom, DbError> {
    let caps = store::list_of_acceptor(tx, acceptor)?;
    let change = Exposure::of(ExposureCategory::Instruments, minor);
    let movements = caps.iter().map(|cap| ((cap.id, currency), change));
    post(tx, &movements.collect())?;
    let mut room = AcceptorRoom::NoCap;
    for cap in &caps {
        room = match (room, is_within(tx, cap)?) {
            (AcceptorRoom::Exceeded, _) | (_, Some(false)) => AcceptorRoom::Exceeded,
            (AcceptorRoom::Unknown, _) | (_, None) => AcceptorRoom::Unknown,
            (_, Some(true)) => AcceptorRoom::Within,
        };
    }
    Ok(room)
}

/// Whether what is owed under a cap is within it now; none where no exchange rate tells.
fn is_within(tx: &mut Tx, cap: &PortfolioCap) -> Result<Option<bool>, DbError> {
    let owed: BTreeMap<Currency, Exposure> = store::list_exposures(tx, &[cap.id])?
        .into_iter()
        .map(|row| (row.currency, row.exposure))
        .collect();
    let mut currencies: Vec<Currency> = owed.keys().copied().collect();
    currencies.push(cap.currency);
    let today = tx.today();
    let rates = exchange_rates::latest(tx, &currencies, today)?;
    let mut known = Conversions::default();
    for from in owed.keys() {
        known.look_up(*from, cap.currency, &rates);
    }
    let mut total: i64 = 0;
    for (from, exposure) in owed {
        match rules::exposure_as(exposure, from, cap.currency, &known) {
            Ok(part) => total = sum_minor([total, part.instrument_minor])?,
            Err(_) => return Ok(None),
        }
    }
    Ok(Some(total <= cap.limit_minor))
}

/// Sets up a cap over what is owed at this moment.
///
/// # Errors
/// When there is one of the same kind and key.
pub fn create(
    tx: &mut Tx,
    kind: PortfolioKind,
    key: &str,
    limit: Money,
    reason: &str,
) -> Result<PortfolioCap, CapError> {
    store::keep_posters_out(tx)?;
    let key = &match kind {
        PortfolioKind::Acceptor => acceptor_key(key),
        _ => key.to_owned(),
    };
    let cap = PortfolioCap {
        id: PortfolioCapId::new(),
        kind,
        key: key.clone(),
        currency: limit.currency(),
        limit_minor: limit.minor(),
        reason: reason.to_owned(),
        set_by: tx.caller().subject.clone(),
        set_at: tx.now(),
        version: 1,
    };
    store::insert(tx, &cap).map_err(|error| {
        if error.is_duplicate_of("portfolio_caps", &["kind", "key"]) {
            CapError::Exists {
                kind,
                key: key.clone(),
            }
        } else {
            error.into()
        }
    })?;
    let owed: Vec<PortfolioExposure> = store::sum_accounts(tx, kind, key)?
        .into_iter()
        .map(|(currency, exposure)| PortfolioExposure {
            cap_id: cap.id,
            currency,
            exposure,
        })
        .collect();
    store::insert_exposures(tx, &owed)?;
    tx.record(
        Change::new("portfolio_cap.set", cap.id)
            .after(&cap)
            .because(reason),
    )?;
    Ok(cap)
}

/// Gives a cap another limit. What is owed under it stays where it is.
///
/// # Errors
/// When the cap is not there, or changed since `version`.
pub fn change(
    tx: &mut Tx,
    id: PortfolioCapId,
    version: i64,
    limit: Money,
    reason: &str,
) -> Result<PortfolioCap, CapError> {
    let before = find(tx, id, version)?;
    let after = PortfolioCap {
        currency: limit.currency(),
        limit_minor: limit.minor(),
        reason: reason.to_owned(),
        set_by: tx.caller().subject.clone(),
        set_at: tx.now(),
        ..before.clone()
    };
    let after = store::update_if_unchanged(tx, &after)?.ok_or(CapError::Stale)?;
    tx.record(
        Change::new("portfolio_cap.changed", id)
            .before(&before)
            .after(&after)
            .because(reason),
    )?;
    Ok(after)
}

/// Takes a cap away: nothing is bounded by it any more. The trail keeps what it was.
///
/// # Errors
/// When the cap is not there, or changed since `version`.
pub fn remove(
    tx: &mut Tx,
    id: PortfolioCapId,
    version: i64,
    reason: &str,
) -> Result<PortfolioCap, CapError> {
    store::keep_posters_out(tx)?;
    let cap = find(tx, id, version)?;
    store::delete(tx, id)?;
    tx.record(
        Change::new("portfolio_cap.removed", id)
            .before(&cap)
            .because(reason),
    )?;
    Ok(cap)
}

fn find(tx: &mut Tx, id: PortfolioCapId, version: i64) -> Result<PortfolioCap, CapError> {
    let found = store::find(tx, id)?.ok_or(CapError::Missing)?;
    if found.version != version {
        return Err(CapError::Stale);
    }
    Ok(found)
}
