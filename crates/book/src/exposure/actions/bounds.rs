//! What bounds accounts besides their base limits: additional limits, groups, and caps with what is owed under them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::AccountLine;
use crate::book::exchange_rates::actions as exchange_rates;
use crate::book::exchange_rates::rules::{Conversion, Conversions, RateTable};
use crate::book::exposure::model::{
    AdditionalKind, AdditionalLimit, AdditionalStatus, BalanceKey, CreditAccount, EntityTerms,
    Exposure, PortfolioCap,
};
use crate::book::exposure::rules::{self, Node, Owing, Places, UnknownNode};
use crate::book::exposure::store::{additional, balances, portfolios};
use crate::platform::db::{Db, DbError};
use kernel::clock::Instant;
use kernel::ids::{CreditAccountId, LegalEntityId, PortfolioCapId};
use kernel::money::Currency;
use kernel::text::Subject;

/// What bounds some accounts, read in few queries for all of them.
pub struct Bounds {
    today: NaiveDate,
    additional: Vec<AdditionalLimit>,
    /// What legal entities have agreed with the accounts.
    terms: Vec<EntityTerms>,
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
    /// The balance that it will count in; the account's home balance when not said.
    pub key: Option<BalanceKey>,
    /// Its own currency, from which it comes into that of its balance.
    pub currency: Option<Currency>,
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
        Bounds::with(db, lines, additional, [])
    }

    /// [`Bounds::read`], where the additional limits that stand on these accounts are known, for orders in `currencies`.
    ///
    /// # Errors
    /// When the database fails.
    pub fn with<'a>(
        db: &mut Db,
        lines: impl IntoIterator<Item = &'a AccountLine>,
        additional: Vec<AdditionalLimit>,
        currencies: impl IntoIterator<Item = Currency>,
    ) -> Result<Bounds, DbError> {
        let mut ids: BTreeSet<PortfolioCapId> = BTreeSet::new();
        let mut currencies: BTreeSet<Currency> = currencies.into_iter().collect();
        let mut with_terms: Vec<&CreditAccount> = Vec::new();
        for line in lines {
            ids.extend(&line.caps);
            currencies.extend(line.line().into_iter().map(|account| account.currency));
            currencies.extend(line.balances.iter().map(|balance| balance.currency));
            with_terms.push(&line.account);
        }
        let terms = balances::list_terms(db, with_terms)?;
        let today = db.today();
        let caps = read_caps(db, &ids.into_iter().collect::<Vec<_>>())?;
        for cap in caps.values() {
            currencies.insert(cap.cap.currency);
            currencies.extend(cap.owed.keys());
        }
        let rates = if currencies.len() < 2 {
            RateTable::new(today, [])
        } else {
            exchange_rates::latest(db, &currencies.into_iter().collect::<Vec<_>>(), today)?
        };
        Ok(Bounds {
            today,
            additional,
            terms,
            caps,
            rates,
        })
    }

    /// Where limits hold for an account: itself, what legal entities grant it, its groups, and its caps. `line` is the
    /// account with its ancestors, the nearest first.
    pub fn places(&self, line: &[Owing], caps: &[PortfolioCapId], order: ForOrder) -> Places {
        let counts = |limit: &&AdditionalLimit| {
            let is_held = limit.status == AdditionalStatus::Active || order.is_reserved;
            is_held && limit.counts(self.today, order.number)
        };
        let Some(account) = line.first().map(|owing| owing.account) else {
            return Places::default();
        };
        let raising: Vec<&AdditionalLimit> = self.additional.iter().filter(counts).collect();
        let mut rates = Conversions::default();
        for limit in &raising {
            for owing in line {
                rates.look_up(limit.currency, owing.account.currency, &self.rates);
            }
        }
        let mut nodes = rules::nodes(line, &self.terms, &raising, &rates);
        let caps = caps.iter().filter_map(|id| self.caps.get(id));
        nodes.extend(caps.map(|cap| rules::cap_node(&cap.cap, &cap.owed, account.currency)));
        let currency = order.currency.unwrap_or(account.currency);
        let order = order.key.map_or(account.currency, |key| key.currency);
        if currency != account.currency || order != account.currency {
            for (from, to) in [(currency, order), (order, account.currency)] {
                rates.look_up(from, to, &self.rates);
            }
        }
        let mut unknown = Vec::new();
        for node in &nodes {
            let to = node.currency(account.currency);
            for other in &node.others {
                rates.look_up(other.currency, to, &self.rates);
            }
            // What is owed there in the node's own currency is no question; what is asked for may be.
            if !rates.look_up(order, to, &self.rates) {
                unknown.push(UnknownNode {
                    kind: node.kind,
                    id: node.id.clone(),
                    from: order,
                    to,
                });
            }
            unknown.extend(node.missing_rates(account.currency, &rates));
            // What a node leaves is told in the account's currency, and so is what goes beyond it.
            rates.look_up(account.currency, to, &self.rates);
            rates.look_up(to, account.currency, &self.rates);
        }
        unknown.dedup();
        // A cap of which nothing can be told is no node. The others are, with what is known of them.
        let is_cap_unknown = |node: &Node| {
            !node.kind.asks_to_whom() && unknown.iter().any(|unknown| unknown.id == node.id)
        };
        nodes.retain(|node| !is_cap_unknown(node));
        Places {
            nodes,
            unknown,
            rates,
        }
    }

    /// How money is converted between two currencies that were named when it was read.
    pub fn conversion(&self, from: Currency, to: Currency) -> Option<Conversion> {
        if from == to {
            return None;
        }
        self.rates.find(from, to)
    }

    /// What legal entities have agreed with the accounts.
    pub fn terms(&self) -> &[EntityTerms] {
        &self.terms
    }

    /// What a legal entity has agreed with an account, where that is not what all have.
    pub fn terms_of(
        &self,
        account: CreditAccountId,
        entity: LegalEntityId,
    ) -> Option<&EntityTerms> {
        self.terms
            .iter()
            .find(|terms| terms.account_id == account && terms.legal_entity_id == entity)
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
