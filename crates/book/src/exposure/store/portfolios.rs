//! Queries on caps and on what is owed under them.

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::book::exposure::input::PortfolioCapFilter;
use crate::book::exposure::model::{Exposure, PortfolioCap, PortfolioExposure, PortfolioKind};
use crate::book::policy::model::ExposureCategory;
use crate::platform::db::schema::{
    account_balances, credit_accounts, customers, instruments, portfolio_caps, portfolio_exposures,
};
use crate::platform::db::{Conn, Db, DbError, Tx, on_backend, seek, sum_minor};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::ids::PortfolioCapId;
use kernel::money::Currency;

/// Keeps everybody out who would move exposure, and waits for those who do: their row locks on accounts stand against
/// this one. On SQLite nobody else writes anyway.
pub fn keep_posters_out(tx: &mut Tx) -> Result<(), DbError> {
    if let Conn::Postgres(c) = tx.conn() {
        diesel::sql_query("LOCK TABLE credit_accounts IN EXCLUSIVE MODE").execute(&mut **c)?;
    }
    Ok(())
}

pub fn find(db: &mut Db, id: PortfolioCapId) -> Result<Option<PortfolioCap>, DbError> {
    Ok(on_backend!(db, |c| portfolio_caps::table
        .find(id)
        .select(PortfolioCap::as_select())
        .first(c)
        .optional())?)
}

/// Every cap: there are few, and to no order system more than a handful matter.
pub fn list_all(db: &mut Db) -> Result<Vec<PortfolioCap>, DbError> {
    Ok(on_backend!(db, |c| portfolio_caps::table
        .order(portfolio_caps::id)
        .select(PortfolioCap::as_select())
        .load(c))?)
}

pub fn list_by_ids(db: &mut Db, ids: &[PortfolioCapId]) -> Result<Vec<PortfolioCap>, DbError> {
    Ok(on_backend!(db, |c| portfolio_caps::table
        .filter(portfolio_caps::id.eq_any(ids))
        .select(PortfolioCap::as_select())
        .load(c))?)
}

/// The caps of an acceptor, by its key.
pub fn list_of_acceptor(db: &mut Db, key: &str) -> Result<Vec<PortfolioCap>, DbError> {
    Ok(on_backend!(db, |c| portfolio_caps::table
        .filter(portfolio_caps::kind.eq(PortfolioKind::Acceptor))
        .filter(portfolio_caps::key.eq(key))
        .order(portfolio_caps::id)
        .select(PortfolioCap::as_select())
        .load(c))?)
}

/// What the instruments of an acceptor come to that have not cleared, by currency.
fn sum_instruments(tx: &mut Tx, key: &str) -> Result<BTreeMap<Currency, Exposure>, DbError> {
    let rows: Vec<(Currency, i64)> = on_backend!(tx, |c| instruments::table
        .filter(instruments::acceptor_key.eq(key))
        .filter(instruments::outstanding_minor.gt(0))
        .group_by(instruments::currency)
        .select((instruments::currency, sum_minor!("outstanding_minor")))
        .load(c))?;
    let exposure = |minor| Exposure::of(ExposureCategory::Instruments, minor);
    Ok(rows
        .into_iter()
        .map(|(currency, minor)| (currency, exposure(minor)))
        .collect())
}

/// One page of caps, the oldest first.
pub fn list(
    db: &mut Db,
    filter: &PortfolioCapFilter,
    page: &PageRequest,
) -> Result<Page<PortfolioCap>, Problem> {
    on_backend!(db, |c| {
        let mut query = portfolio_caps::table
            .select(PortfolioCap::as_select())
            .into_boxed();
        if !filter.kind.is_empty() {
            query = query.filter(portfolio_caps::kind.eq_any(&filter.kind));
        }
        seek!(c, query, page, PortfolioCap, asc(portfolio_caps::id))
    })
}

/// Locks caps until the unit of work ends, in order of id. Not against those who only refer to them.
pub fn lock(tx: &mut Tx, ids: &[PortfolioCapId]) -> Result<(), DbError> {
    if let Conn::Postgres(c) = tx.conn() {
        let _: Vec<PortfolioCapId> = portfolio_caps::table
            .filter(portfolio_caps::id.eq_any(ids))
            .order(portfolio_caps::id)
            .select(portfolio_caps::id)
            .for_no_key_update()
            .load(&mut **c)?;
    }
    Ok(())
}

pub fn insert(tx: &mut Tx, cap: &PortfolioCap) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::insert_into(portfolio_caps::table)
        .values(cap)
        .execute(c))?;
    Ok(())
}

/// Writes the limit when the row still has the version that `cap` was read with.
pub fn update_if_unchanged(
    tx: &mut Tx,
    cap: &PortfolioCap,
) -> Result<Option<PortfolioCap>, DbError> {
    use portfolio_caps::dsl;
    Ok(on_backend!(tx, |c| diesel::update(
        dsl::portfolio_caps
            .find(cap.id)
            .filter(dsl::version.eq(cap.version))
    )
    .set((cap, dsl::version.eq(dsl::version + 1)))
    .returning(PortfolioCap::as_returning())
    .get_result(c)
    .optional())?)
}

pub fn delete(tx: &mut Tx, id: PortfolioCapId) -> Result<(), DbError> {
    on_backend!(tx, |c| diesel::delete(
        portfolio_exposures::table.filter(portfolio_exposures::cap_id.eq(id))
    )
    .execute(c))?;
    on_backend!(tx, |c| diesel::delete(portfolio_caps::table.find(id))
        .execute(c))?;
    Ok(())
}

/// What is owed under these caps, by currency.
pub fn list_exposures(
    db: &mut Db,
    caps: &[PortfolioCapId],
) -> Result<Vec<PortfolioExposure>, DbError> {
    Ok(on_backend!(db, |c| portfolio_exposures::table
        .filter(portfolio_exposures::cap_id.eq_any(caps))
        .order((portfolio_exposures::cap_id, portfolio_exposures::currency))
        .select(PortfolioExposure::as_select())
        .load(c))?)
}

pub fn insert_exposures(tx: &mut Tx, rows: &[PortfolioExposure]) -> Result<(), DbError> {
    for chunk in rows.chunks(1_000) {
        on_backend!(tx, |c| diesel::insert_into(portfolio_exposures::table)
            .values(chunk)
            .execute(c))?;
    }
    Ok(())
}

/// Adds to what is owed under caps, which must be locked. The first amount in a currency makes its row.
pub fn add(
    tx: &mut Tx,
    movements: &BTreeMap<(PortfolioCapId, Currency), Exposure>,
) -> Result<(), DbError> {
    use portfolio_exposures::dsl;
    for ((cap, currency), change) in movements.iter().filter(|(_, change)| !change.is_zero()) {
        let updated = on_backend!(tx, |c| diesel::update(
            dsl::portfolio_exposures.find((cap, currency))
        )
        .set((
            dsl::reserved_minor.eq(dsl::reserved_minor + change.reserved_minor),
            dsl::delivered_minor.eq(dsl::delivered_minor + change.delivered_minor),
            dsl::receivable_minor.eq(dsl::receivable_minor + change.receivable_minor),
            dsl::instrument_minor.eq(dsl::instrument_minor + change.instrument_minor),
            dsl::charge_minor.eq(dsl::charge_minor + change.charge_minor),
            dsl::unapplied_minor.eq(dsl::unapplied_minor + change.unapplied_minor),
        ))
        .execute(c))?;
        if updated == 0 {
            let row = PortfolioExposure {
                cap_id: *cap,
                currency: *currency,
                exposure: *change,
            };
            insert_exposures(tx, &[row])?;
        }
    }
    Ok(())
}

/// The six sums of what is owed, by category.
type Sums = (Currency, (i64, i64, i64, i64, i64, i64));

/// What the accounts of a kind and key owe at this moment, by currency: one statement for their home balances, and one for
/// the others. Of an acceptor, what instruments come to that it must pay.
pub fn sum_accounts(
    tx: &mut Tx,
    kind: PortfolioKind,
    key: &str,
) -> Result<BTreeMap<Currency, Exposure>, DbError> {
    if kind == PortfolioKind::Acceptor {
        return sum_instruments(tx, key);
    }
    let homes: Vec<Sums> = on_backend!(tx, |c| {
        let mut query = credit_accounts::table
            .inner_join(customers::table.on(customers::id.eq(credit_accounts::customer_id)))
            .group_by(credit_accounts::currency)
            .select((
                credit_accounts::currency,
                (
                    sum_minor!("reserved_minor"),
                    sum_minor!("delivered_minor"),
                    sum_minor!("receivable_minor"),
                    sum_minor!("instrument_minor"),
                    sum_minor!("charge_minor"),
                    sum_minor!("unapplied_minor"),
                ),
            ))
            .into_boxed();
        match kind {
            PortfolioKind::Segment => query = query.filter(credit_accounts::segment.eq(key)),
            PortfolioKind::Salesperson => query = query.filter(customers::owner.eq(key)),
            PortfolioKind::Country => query = query.filter(customers::country.eq(key)),
            PortfolioKind::Industry => query = query.filter(customers::industry.eq(key)),
            PortfolioKind::Company | PortfolioKind::Acceptor => {}
        }
        query.load(c)
    })?;
    let others: Vec<Sums> = on_backend!(tx, |c| {
        let mut query = account_balances::table
            .inner_join(
                credit_accounts::table.on(credit_accounts::id.eq(account_balances::account_id)),
            )
            .inner_join(customers::table.on(customers::id.eq(credit_accounts::customer_id)))
            .group_by(account_balances::currency)
            .select((
                account_balances::currency,
                (
                    sum_minor!("account_balances.reserved_minor"),
                    sum_minor!("account_balances.delivered_minor"),
                    sum_minor!("account_balances.receivable_minor"),
                    sum_minor!("account_balances.instrument_minor"),
                    sum_minor!("account_balances.charge_minor"),
                    sum_minor!("account_balances.unapplied_minor"),
                ),
            ))
            .into_boxed();
        match kind {
            PortfolioKind::Segment => query = query.filter(credit_accounts::segment.eq(key)),
            PortfolioKind::Salesperson => query = query.filter(customers::owner.eq(key)),
            PortfolioKind::Country => query = query.filter(customers::country.eq(key)),
            PortfolioKind::Industry => query = query.filter(customers::industry.eq(key)),
            PortfolioKind::Company | PortfolioKind::Acceptor => {}
        }
        query.load(c)
    })?;
    let mut owed: BTreeMap<Currency, Exposure> = BTreeMap::new();
    for (currency, sums) in homes.into_iter().chain(others) {
        let exposure = Exposure {
            reserved_minor: sums.0,
            delivered_minor: sums.1,
            receivable_minor: sums.2,
            instrument_minor: sums.3,
            charge_minor: sums.4,
            unapplied_minor: sums.5,
        };
        let sum = owed.entry(currency).or_default();
        *sum = sum.plus(exposure)?;
    }
    Ok(owed)
}
