//! What bounds accounts besides their base limits: additional limits, groups, and caps with what is owed under them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::AccountLine;
use crate::book::exchange_rates::actions as exchange_rates;
use crate::book::exchange_rates::rules::RateTable;
use crate::book::exposure::model::{
    AdditionalKind, AdditionalLimit, AdditionalStatus, CreditAccount, Exposure, PortfolioCap,
};
use crate::book::exposure::rules::{self, Places};
use crate::book::exposure::store::{additional, portfolios};
use crate::platform::db::{Db, DbError};
use kernel::clock::Instant;
use kernel::ids::{CreditAccountId, PortfolioCapId};
use kernel::money::Currency;
use kernel::text::Subject;

/// What bounds some accounts, read in few queries for all of them.
pub struct Bounds {
    today: NaiveDate,
    additional: Vec<AdditionalLimit>,
    caps: BTreeMap<PortfolioCapId, Cap>,
    rates: RateTable,
}

struct Cap {
    cap: PortfolioCap,
    owed: BTreeMap<Currency, Exposure>,
}

/// The order for which it is asked what bounds an account.
#[derive(Debug, Clone, Copy, Default)]
pub struct ForOrder<'a> {
    pub number: Option<&'a str>,
    /// Whether it holds a reservation, for which a limit that it consumed goes on counting.
    pub is_reserved: bool,
}

impl Bounds {
    /// Reads what bounds these accounts. Exchange rates are read only where amounts in another currency count.
    ///
    /// # Errors
    /// When the database fails.
    pub fn read<'a>(
        db: &mut Db,
        lines: impl IntoIterator<Item = &'a AccountLine>,
    ) -> Result<Bounds, DbError> {
        let lines: Vec<&AccountLine> = lines.into_iter().collect();
        let accounts: BTreeSet<CreditAccountId> = lines
            .iter()
            .flat_map(|line| line.line().into_iter().map(|account| account.id))
            .collect();
        let accounts: Vec<CreditAccountId> = accounts.into_iter().collect();
        let today = db.today();
        let additional = additional::list_standing(db, &accounts, today)?;
        Bounds::with(db, lines, additional)
    }

    /// [`Bounds::read`], where the additional limits that stand on these accounts are known.
    ///
    /// # Errors
    /// When the database fails.
    pub fn with<'a>(
        db: &mut Db,
        lines: impl IntoIterator<Item = &'a AccountLine>,
        additional: Vec<AdditionalLimit>,
    ) -> Result<Bounds, DbError> {
        let mut ids: BTreeSet<PortfolioCapId> = BTreeSet::new();
        let mut currencies: BTreeSet<Currency> = BTreeSet::new();
        for line in lines {
            ids.extend(&line.caps);
            currencies.insert(line.account.currency);
        }
        let today = db.today();
        let caps = read_caps(db, &ids.into_iter().collect::<Vec<_>>())?;
        for cap in caps.values() {
            currencies.insert(cap.cap.currency);
            currencies.extend(cap.owed.keys());
        }
        let rates = if caps.is_empty() || currencies.len() < 2 {
            RateTable::new(today, [])
        } else {
            exchange_rates::latest(db, &currencies.into_iter().collect::<Vec<_>>(), today)?
        };
        Ok(Bounds {
            today,
            additional,
            caps,
            rates,
        })
    }

    /// Where limits hold for an account: itself, its groups, and its caps. `line` is the account with its ancestors,
    /// the nearest first.
    pub fn places(
        &self,
        line: &[&CreditAccount],
        caps: &[PortfolioCapId],
        order: ForOrder,
    ) -> Places {
        let counts = |limit: &&AdditionalLimit| {
            let is_held = limit.status == AdditionalStatus::Active || order.is_reserved;
            is_held && limit.counts(self.today, order.number)
        };
        let raising: Vec<&AdditionalLimit> = self.additional.iter().filter(counts).collect();
        let mut places = Places {
            nodes: rules::nodes(line, &raising),
            unknown: Vec::new(),
        };
        let Some(account) = line.first() else {
            return places;
        };
        for cap in caps.iter().filter_map(|id| self.caps.get(id)) {
            match rules::cap_node(&cap.cap, &cap.owed, account.currency, &self.rates) {
                Ok(node) => places.nodes.push(node),
                Err(unknown) => places.unknown.push(unknown),
            }
        }
        places
    }

    /// The additional limits of one account that stand, whether they count today or later.
    pub fn additional_of(
        &self,
        account: CreditAccountId,
    ) -> impl Iterator<Item = &AdditionalLimit> {
        self.additional.iter().filter(move |limit| {
            limit.account_id == account && limit.status == AdditionalStatus::Active
        })
    }

    /// Takes capacity under caps, for those who ask next.
    pub fn take(&mut self, caps: &[PortfolioCapId], currency: Currency, change: Exposure) {
        for id in caps {
            if let Some(cap) = self.caps.get_mut(id) {
                *cap.owed.entry(currency).or_default() += change;
            }
        }
    }

    /// Lets an order consume the one-time limits that raised something for it; gives each before and after.
    pub fn consume(
        &mut self,
        line: &[CreditAccountId],
        order: &str,
        by: &Subject,
        at: Instant,
    ) -> Vec<(AdditionalLimit, AdditionalLimit)> {
        let today = self.today;
        let for_order = |limit: &AdditionalLimit| {
            let depth = line.iter().position(|id| *id == limit.account_id);
            limit.kind == AdditionalKind::OneTime
                && limit.status == AdditionalStatus::Active
                && limit.counts(today, Some(order))
                && depth.is_some_and(|depth| rules::reaches(limit, depth))
        };
        let mut consumed = Vec::new();
        for limit in self.additional.iter_mut().filter(|limit| for_order(limit)) {
            let before = limit.clone();
            limit.status = AdditionalStatus::Consumed;
            limit.ended_by = Some(by.clone());
            limit.ended_at = Some(at);
            consumed.push((before, limit.clone()));
        }
        consumed
    }
}

fn read_caps(
    db: &mut Db,
    ids: &[PortfolioCapId],
) -> Result<BTreeMap<PortfolioCapId, Cap>, DbError> {
    let mut caps = BTreeMap::new();
    if ids.is_empty() {
        return Ok(caps);
    }
    for cap in portfolios::list_by_ids(db, ids)? {
        let owed = BTreeMap::new();
        caps.insert(cap.id, Cap { cap, owed });
    }
    for row in portfolios::list_exposures(db, ids)? {
        if let Some(cap) = caps.get_mut(&row.cap_id) {
            cap.owed.insert(row.currency, row.exposure);
        }
    }
    Ok(caps)
}
