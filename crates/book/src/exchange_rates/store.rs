//! Queries on exchange rates.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Date};

use super::input::ExchangeRateFilter;
use super::model::{ExchangeRate, RateKey};
use crate::platform::db::schema::exchange_rates::{self, dsl};
use crate::platform::db::{Db, DbError, Tx, on_backend, seek};
use crate::platform::http::{Page, PageRequest, Problem};
use kernel::ids::ExchangeRateId;
use kernel::money::Currency;

pub fn find(db: &mut Db, id: ExchangeRateId) -> Result<Option<ExchangeRate>, DbError> {
    Ok(on_backend!(db, |c| exchange_rates::table
        .find(id)
        .select(ExchangeRate::as_select())
        .first(c)
        .optional())?)
}

/// The rates that hold on a day for every pair with one of these currencies: all that a conversion between two of them
/// can need, since a cross begins at the one and ends at the other.
///
/// It is one statement, whose cost grows with the number of pairs and not with the number of days: it steps through
/// the index from pair to pair, and takes of each the last row that is not after the day.
pub fn list_latest(
    db: &mut Db,
    currencies: &[Currency],
    on: NaiveDate,
) -> Result<Vec<ExchangeRate>, DbError> {
    Ok(on_backend!(db, |c| exchange_rates::table
        .filter(
            diesel::dsl::sql::<Bool>(HOLDING)
                .bind::<Date, _>(on)
                .sql(HOLDING_END)
        )
        .filter(
            dsl::base_currency
                .eq_any(currencies)
                .or(dsl::quote_currency.eq_any(currencies))
        )
        .select(ExchangeRate::as_select())
        .load(c))?)
}

/// The condition that a row holds, up to the day. `MIN` of what is greater steps to the next base, and within a base
/// to the next quote, by one look into the index each; the step after the last gives NULL.
const HOLDING: &str = "exchange_rates.id IN ( \
    WITH RECURSIVE bases (base) AS ( \
      SELECT MIN(base_currency) FROM exchange_rates \
      UNION ALL \
      SELECT (SELECT MIN(e.base_currency) FROM exchange_rates e WHERE e.base_currency > bases.base) \
      FROM bases WHERE bases.base IS NOT NULL \
    ), pairs (base, quote) AS ( \
      SELECT bases.base, (SELECT MIN(e.quote_currency) FROM exchange_rates e WHERE e.base_currency = bases.base) \
      FROM bases WHERE bases.base IS NOT NULL \
      UNION ALL \
      SELECT pairs.base, (SELECT MIN(e.quote_currency) FROM exchange_rates e \
        WHERE e.base_currency = pairs.base AND e.quote_currency > pairs.quote) \
      FROM pairs WHERE pairs.quote IS NOT NULL \
    ) \
    SELECT (SELECT e.id FROM exchange_rates e \
      WHERE e.base_currency = pairs.base AND e.quote_currency = pairs.quote AND e.rate_date <= ";

const HOLDING_END: &str = " ORDER BY e.rate_date DESC, e.id DESC LIMIT 1) \
    FROM pairs WHERE pairs.quote IS NOT NULL)";

/// What was set last for each of these pairs and days, where anything was.
pub fn list_holding(
    db: &mut Db,
    keys: &BTreeSet<RateKey>,
) -> Result<BTreeMap<RateKey, ExchangeRate>, DbError> {
    let bases: BTreeSet<Currency> = keys.iter().map(|(base, _, _)| *base).collect();
    let quotes: BTreeSet<Currency> = keys.iter().map(|(_, quote, _)| *quote).collect();
    let days: BTreeSet<NaiveDate> = keys.iter().map(|(_, _, day)| *day).collect();
    let rows: Vec<ExchangeRate> = on_backend!(db, |c| exchange_rates::table
        .filter(dsl::base_currency.eq_any(&bases))
        .filter(dsl::quote_currency.eq_any(&quotes))
        .filter(dsl::rate_date.eq_any(&days))
        .select(ExchangeRate::as_select())
        .order(dsl::id)
        .load(c))?;
    Ok(rows
        .into_iter()
        .map(|row| ((row.base_currency, row.quote_currency, row.rate_date), row))
        .filter(|(key, _)| keys.contains(key))
        .collect())
}

pub fn insert(tx: &mut Tx, rows: &[ExchangeRate]) -> Result<(), DbError> {
    for chunk in rows.chunks(500) {
        on_backend!(tx, |c| diesel::insert_into(exchange_rates::table)
            .values(chunk)
            .execute(c))?;
    }
    Ok(())
}

/// One page of rates, those of the newest day first, and of one day those set last.
pub fn list(
    db: &mut Db,
    filter: &ExchangeRateFilter,
    page: &PageRequest,
) -> Result<Page<ExchangeRate>, Problem> {
    on_backend!(db, |c| {
        let mut query = exchange_rates::table
            .select(ExchangeRate::as_select())
            .into_boxed();
        if !filter.base_currency.is_empty() {
            query = query.filter(dsl::base_currency.eq_any(&filter.base_currency));
        }
        if !filter.quote_currency.is_empty() {
            query = query.filter(dsl::quote_currency.eq_any(&filter.quote_currency));
        }
        if let Some(day) = filter.rate_date_from {
            query = query.filter(dsl::rate_date.ge(day.date()));
        }
        if let Some(day) = filter.rate_date_to {
            query = query.filter(dsl::rate_date.le(day.date()));
        }
        if !filter.source.is_empty() {
            query = query.filter(dsl::source.eq_any(&filter.source));
        }
        seek!(c, query, page, ExchangeRate, desc(dsl::rate_date, dsl::id))
    })
}
