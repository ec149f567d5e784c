//! Where limits hold, and what counts there: accounts, what legal entities grant, groups and caps, each in a currency of
//! its own, over balances in any.

use std::collections::BTreeMap;
use std::ops::Add;

use serde::{Deserialize, Serialize};

use super::included;
use super::netting::NettingSet;
use crate::book::exchange_rates::rules::{Conversions, Rounding};
use crate::book::exposure::model::{
    AccountBalance, AdditionalKind, AdditionalLimit, BalanceKey, CreditAccount, EntityTerms,
    Exposure, Limit, LimitScope, PortfolioCap, PortfolioKind,
};
use crate::book::policy::model::{ExposureCategory, PolicyDocument};
use kernel::columns::text_enum;
use kernel::ids::{LegalEntityId, MAIN_ENTITY};
use kernel::money::Currency;

text_enum! {
    /// What kind of place a limit holds at.
    pub enum NodeKind {
        /// The customer's own account.
        Own = "own",
        /// What one of the companies that sell grants the customer for itself.
        Entity = "entity",
        /// A group that the customer belongs to.
        Group = "group",
        Segment = "segment",
        Salesperson = "salesperson",
        Country = "country",
        Industry = "industry",
        /// The whole book.
        Company = "company",
        /// The instruments that somebody outside must pay.
        Acceptor = "acceptor",
    }
}

impl NodeKind {
    /// Whether it matters to which legal entity something is owed. A cap counts by currency alone.
    pub const fn asks_to_whom(self) -> bool {
        matches!(self, NodeKind::Own | NodeKind::Entity | NodeKind::Group)
    }
}

impl From<PortfolioKind> for NodeKind {
    fn from(kind: PortfolioKind) -> NodeKind {
        match kind {
            PortfolioKind::Segment => NodeKind::Segment,
            PortfolioKind::Salesperson => NodeKind::Salesperson,
            PortfolioKind::Country => NodeKind::Country,
            PortfolioKind::Industry => NodeKind::Industry,
            PortfolioKind::Company => NodeKind::Company,
            PortfolioKind::Acceptor => NodeKind::Acceptor,
        }
    }
}

/// A place where a limit holds, with the exposure that counts against it: the account itself, a group, a cap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    pub kind: NodeKind,
    /// The account's or cap's id.
    pub id: String,
    /// What a cap is about, such as a country.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key: String,
    pub limit: Limit,
    /// What raises the limit for now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub additional: Vec<Raise>,
    /// What is owed in the node's own currency: of an account, to the first legal entity; of what an entity grants, to
    /// that one.
    pub exposure: Exposure,
    /// Its own currency; the account's when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// The entity whose own limit it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_entity_id: Option<LegalEntityId>,
    /// What is owed beside, by balance.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<OtherBalance>,
}

/// What is owed at a node in one balance beside its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherBalance {
    /// To whom; not said under a cap, which does not ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_entity_id: Option<LegalEntityId>,
    pub currency: Currency,
    pub exposure: Exposure,
}

/// What counts at a node, in minor units of its currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    /// In the balance that is asked about; below nothing where more is paid than owed.
    pub own_minor: i64,
    /// In all others, none of which counts for less than nothing.
    pub others_minor: i64,
}

impl Counted {
    /// Both together.
    pub const fn sum_minor(self) -> i64 {
        self.own_minor.saturating_add(self.others_minor)
    }
}

/// What an additional limit adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raise {
    pub kind: AdditionalKind,
    pub minor: i64,
}

/// An account with what it owes beside its home balance.
#[derive(Debug, Clone, Copy)]
pub struct Owing<'a> {
    pub account: &'a CreditAccount,
    /// Of this account, and maybe of others.
    pub balances: &'a [AccountBalance],
}

impl<'a> Owing<'a> {
    /// An account that owes to one company in one currency.
    pub const fn one(account: &'a CreditAccount) -> Owing<'a> {
        Owing {
            account,
            balances: &[],
        }
    }

    fn beside(
        self,
        exposure: fn(&AccountBalance) -> Exposure,
    ) -> impl Iterator<Item = OtherBalance> + 'a {
        let of_account = self
            .balances
            .iter()
            .filter(move |balance| balance.account_id == self.account.id);
        of_account
            .map(move |balance| OtherBalance {
                legal_entity_id: Some(balance.legal_entity_id),
                currency: balance.currency,
                exposure: exposure(balance),
            })
            .filter(|balance| !balance.exposure.is_zero())
    }
}

impl Node {
    /// An account's own node.
    pub fn own(owing: Owing) -> Node {
        Node {
            kind: NodeKind::Own,
            id: owing.account.id.to_string(),
            key: String::new(),
            limit: owing.account.limit(),
            additional: Vec::new(),
            exposure: owing.account.exposure(),
            currency: None,
            legal_entity_id: None,
            others: owing.beside(AccountBalance::exposure).collect(),
        }
    }

    /// What a legal entity grants the account for itself, when it says so.
    pub fn entity(owing: Owing, terms: &EntityTerms) -> Option<Node> {
        let entity = terms.legal_entity_id;
        let account = owing.account;
        let home = BalanceKey::new(entity, account.currency);
        let of_entity = owing
            .beside(AccountBalance::exposure)
            .filter(|balance| balance.legal_entity_id == Some(entity));
        let (own, others): (Vec<OtherBalance>, Vec<OtherBalance>) =
            of_entity.partition(|balance| balance.currency == account.currency);
        let exposure = if home == account.home() {
            account.exposure()
        } else {
            own.first().map(|own| own.exposure).unwrap_or_default()
        };
        Some(Node {
            kind: NodeKind::Entity,
            id: account.id.to_string(),
            key: entity.to_string(),
            limit: Limit::Amount(terms.limit_minor?),
            additional: Vec::new(),
            exposure,
            currency: None,
            legal_entity_id: Some(entity),
            others,
        })
    }

    /// The group under an account, when it has a limit; `currency` is that of the account that is asked about.
    pub fn group(owing: Owing, currency: Currency) -> Option<Node> {
        let account = owing.account;
        Some(Node {
            kind: NodeKind::Group,
            id: account.id.to_string(),
            key: String::new(),
            limit: account.group_limit()?,
            additional: Vec::new(),
            exposure: account.group_exposure(),
            currency: (account.currency != currency).then_some(account.currency),
            legal_entity_id: None,
            others: owing.beside(AccountBalance::group_exposure).collect(),
        })
    }

    /// Its currency; `account` is that of the account that is asked about.
    pub fn currency(&self, account: Currency) -> Currency {
        self.currency.unwrap_or(account)
    }

    /// What is owed by balance: to whom, where the node asks, in which currency, and how much; the node's own first.
    pub(super) fn parts(
        &self,
        account: Currency,
    ) -> impl Iterator<Item = (Option<LegalEntityId>, Currency, Exposure)> {
        let entity = match self.kind {
            NodeKind::Own | NodeKind::Group => Some(MAIN_ENTITY),
            _ => self.legal_entity_id,
        };
        let others = self.others.iter();
        std::iter::once((entity, self.currency(account), self.exposure))
            .chain(others.map(|other| (other.legal_entity_id, other.currency, other.exposure)))
    }

    /// What is owed by balance, the node's own first; to the first legal entity, where the node does not ask to whom.
    pub fn balances(&self, account: Currency) -> impl Iterator<Item = (BalanceKey, Exposure)> {
        self.parts(account).map(|(entity, currency, exposure)| {
            let key = BalanceKey::new(entity.unwrap_or(MAIN_ENTITY), currency);
            (key, exposure)
        })
    }

    /// Whether something that counts in a balance counts at this node at all: what an entity grants is used by what is
    /// owed to it alone.
    pub fn counts(&self, key: BalanceKey) -> bool {
        self.legal_entity_id
            .is_none_or(|entity| entity == key.legal_entity_id)
    }

    /// What is owed in one balance.
    pub fn owed(&self, key: BalanceKey, account: Currency) -> Exposure {
        self.parts(account)
            .filter(|(entity, currency, _)| is_part(key, *entity, *currency))
            .map(|(_, _, exposure)| exposure)
            .fold(Exposure::default(), Add::add)
    }

    /// With more in one balance.
    #[must_use]
    pub fn with(&self, key: BalanceKey, change: Exposure, account: Currency) -> Node {
        let mut node = self.clone();
        if !node.counts(key) {
            return node;
        }
        let own = node.parts(account).next();
        let is_own = own.is_some_and(|(entity, currency, _)| is_part(key, entity, currency));
        let mut others = node.others.iter_mut();
        if is_own {
            node.exposure += change;
        } else if let Some(other) =
            others.find(|other| is_part(key, other.legal_entity_id, other.currency))
        {
            other.exposure += change;
        } else {
            node.others.push(OtherBalance {
                legal_entity_id: node.kind.asks_to_whom().then_some(key.legal_entity_id),
                currency: key.currency,
                exposure: change,
            });
        }
        node
    }

    /// What counts at the node, in its currency, `key` being the balance that is asked about, with those that the policy
    /// nets it with. Where it is the only one, more may be paid than owed; beside others, none counts for less than nothing.
    ///
    /// # Errors
    /// The currencies between which no exchange rate leads.
    pub fn counted(
        &self,
        key: BalanceKey,
        account: Currency,
        policy: &PolicyDocument,
        rates: &Conversions,
    ) -> Result<Counted, (Currency, Currency)> {
        let mut counted = Counted::default();
        let mut add = |set: NettingSet, net: i64| {
            if set.has(key, policy) {
                counted.own_minor = counted.own_minor.saturating_add(net);
            } else {
                counted.others_minor = counted.others_minor.saturating_add(net.max(0));
            }
        };
        if self.others.is_empty() {
            for (entity, currency, exposure) in self.parts(account) {
                let set = NettingSet::of(entity, currency, policy);
                add(set, included(exposure, policy));
            }
            return Ok(counted);
        }
        for (set, net) in self.netted(account, policy, rates)? {
            add(set, net);
        }
        Ok(counted)
    }

    /// What counts at the node, whatever is asked about: as it is where there is one balance, or all are netted, else none
    /// of them for less than nothing.
    ///
    /// # Errors
    /// The currencies between which no exchange rate leads.
    pub fn counted_in_all(
        &self,
        account: Currency,
        policy: &PolicyDocument,
        rates: &Conversions,
    ) -> Result<i64, (Currency, Currency)> {
        if self.others.is_empty() {
            return Ok(included(self.exposure, policy));
        }
        let sets = self.netted(account, policy, rates)?;
        if let [(_, net)] = sets.as_slice() {
            return Ok(*net);
        }
        let counted = sets.into_iter().map(|(_, net)| net.max(0));
        Ok(counted.fold(0, i64::saturating_add))
    }

    /// What is owed by category, in the node's currency.
    ///
    /// # Errors
    /// The currencies between which no exchange rate leads.
    pub fn exposure_in_all(
        &self,
        account: Currency,
        rates: &Conversions,
    ) -> Result<Exposure, (Currency, Currency)> {
        let to = self.currency(account);
        self.parts(account)
            .try_fold(Exposure::default(), |sum, (_, currency, exposure)| {
                Ok(sum + exposure_as(exposure, currency, to, rates)?)
            })
    }

    /// The currencies whose rates the node needs, and has none.
    pub fn missing_rates(&self, account: Currency, rates: &Conversions) -> Vec<UnknownNode> {
        let to = self.currency(account);
        self.parts(account)
            .filter(|(_, from, exposure)| {
                *from != to && !exposure.is_zero() && rates.find(*from, to).is_none()
            })
            .map(|(_, from, _)| UnknownNode {
                kind: self.kind,
                id: self.id.clone(),
                from,
                to,
            })
            .collect()
    }

    /// The base limit and everything that raises it; none when unlimited. Unlimited stays so.
    ///
    /// Base 600, a guarantee that secures 95: 695.
    pub fn total_limit(&self) -> Option<i64> {
        let base = self.limit.minor()?;
        Some(
            self.additional
                .iter()
                .fold(base, |sum, raise| sum.saturating_add(raise.minor)),
        )
    }

    /// What may still be bought, in the node's currency: negative when exposure is above the limit, none when unlimited or
    /// when a rate is missing.
    ///
    /// A limit of 600 with exposure 390 leaves 210.
    pub fn headroom(
        &self,
        account: Currency,
        policy: &PolicyDocument,
        rates: &Conversions,
    ) -> Option<i64> {
        let counted = self.counted_in_all(account, policy, rates).ok()?;
        Some(self.total_limit()?.saturating_sub(counted))
    }
}

/// Whether what is owed to `entity` in a currency is the balance that is asked about; where it is not said to whom, the
/// currency decides.
fn is_part(key: BalanceKey, entity: Option<LegalEntityId>, currency: Currency) -> bool {
    currency == key.currency && entity.is_none_or(|entity| entity == key.legal_entity_id)
}

/// Where limits hold for an account, and the nodes of which that can't be told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// The account's own node first, then what legal entities grant, its groups from the nearest on, and caps.
    pub nodes: Vec<Node>,
    pub unknown: Vec<UnknownNode>,
    /// The rates between the currencies of the nodes and of what is owed there.
    pub rates: Conversions,
}

/// A node of which no one can say what it leaves: no exchange rate leads from one currency to the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnknownNode {
    pub kind: NodeKind,
    pub id: String,
    pub from: Currency,
    pub to: Currency,
}

impl Places {
    /// What may still be bought, in the account's currency; none when nothing limits it. Nothing, where that can't be
    /// told.
    pub fn available(&self, account: Currency, policy: &PolicyDocument) -> Option<i64> {
        let known = available(&self.nodes, account, policy, &self.rates);
        if self.unknown.is_empty() {
            return known;
        }
        Some(known.map_or(0, |known| known.min(0)))
    }
}

/// An account's own node, what legal entities grant it, and the groups that it belongs to from the nearest on, with what
/// raises them. `line` is the account and its ancestors, the nearest first; `rates` lead from the currencies of what
/// raises a limit to that of the limit.
///
/// Security and insurance of an account raise its own limit and those of all its groups, because what the account owes
/// is not all at risk; they raise nothing for others of the group. What is for a while or for one order raises the limit
/// that it was granted on, and no other. What no rate leads to raises nothing.
pub fn nodes(
    line: &[Owing],
    terms: &[EntityTerms],
    raising: &[&AdditionalLimit],
    rates: &Conversions,
) -> Vec<Node> {
    let raises = |to: Currency,
                  is_raised: &dyn Fn(&AdditionalLimit, usize) -> bool|
     -> Vec<Raise> {
        raising
            .iter()
            .filter(|limit| {
                let depth = line
                    .iter()
                    .position(|owing| owing.account.id == limit.account_id);
                depth.is_some_and(|depth| reaches(limit, depth) && is_raised(limit, depth))
            })
            .filter_map(|limit| {
                let minor = rates.convert(limit.amount_minor, limit.currency, to, Rounding::Down);
                Some(Raise {
                    kind: limit.kind,
                    minor: minor.ok()?,
                })
            })
            .collect()
    };
    let Some(first) = line.first().copied() else {
        return Vec::new();
    };
    let currency = first.account.currency;
    let own = Node {
        additional: raises(currency, &|limit, _| limit.scope == LimitScope::Own),
        ..Node::own(first)
    };
    let of_account = terms
        .iter()
        .filter(|terms| terms.account_id == first.account.id);
    let entities = of_account.filter_map(|terms| Node::entity(first, terms));
    let groups = line.iter().enumerate().filter_map(|(height, owing)| {
        let is_raised = |limit: &AdditionalLimit, depth| match limit.scope {
            LimitScope::Own => limit.kind.secures(),
            LimitScope::Group => depth == height || (depth < height && limit.kind.secures()),
        };
        Some(Node {
            additional: raises(owing.account.currency, &is_raised),
            ..Node::group(*owing, currency)?
        })
    });
    std::iter::once(own).chain(entities).chain(groups).collect()
}

/// Whether a limit on the account `depth` levels above one can raise anything for that one: what an ancestor has for
/// itself is its own.
pub fn reaches(limit: &AdditionalLimit, depth: usize) -> bool {
    depth == 0 || limit.scope == LimitScope::Group
}

/// A cap as it bounds an account in `account`: in its own currency, with what is owed under it in each.
pub fn cap_node(
    cap: &PortfolioCap,
    owed: &BTreeMap<Currency, Exposure>,
    account: Currency,
) -> Node {
    let others = owed
        .iter()
        .filter(|(currency, exposure)| **currency != cap.currency && !exposure.is_zero());
    Node {
        kind: NodeKind::from(cap.kind),
        id: cap.id.to_string(),
        key: cap.key.clone(),
        limit: Limit::Amount(cap.limit_minor),
        additional: Vec::new(),
        exposure: owed.get(&cap.currency).copied().unwrap_or_default(),
        currency: (cap.currency != account).then_some(cap.currency),
        legal_entity_id: None,
        others: others
            .map(|(currency, exposure)| OtherBalance {
                legal_entity_id: None,
                currency: *currency,
                exposure: *exposure,
            })
            .collect(),
    }
}

/// What is owed in one currency, in another: each category rounded up, and what is unapplied rounded down.
///
/// # Errors
/// The currencies between which no exchange rate leads, or leads to an amount that can be told.
pub fn exposure_as(
    exposure: Exposure,
    from: Currency,
    to: Currency,
    rates: &Conversions,
) -> Result<Exposure, (Currency, Currency)> {
    if from == to {
        return Ok(exposure);
    }
    let mut total = Exposure::default();
    for category in ExposureCategory::ALL {
        let minor = exposure.get(*category);
        if minor == 0 {
            continue;
        }
        let rounding = match category {
            ExposureCategory::UnappliedCash => Rounding::Down,
            _ => Rounding::Up,
        };
        let part = Exposure::of(*category, rates.convert(minor, from, to, rounding)?);
        total = total
            .plus(part)
            .and_then(Exposure::kept)
            .map_err(|_| (from, to))?;
    }
    Ok(total)
}

/// What may still be bought, in the account's currency: the least headroom of all nodes; none when nothing limits it.
///
/// Account A has 210 left, its parent's group 160: A may buy 160.
pub fn available(
    nodes: &[Node],
    account: Currency,
    policy: &PolicyDocument,
    rates: &Conversions,
) -> Option<i64> {
    let headrooms = nodes.iter().filter_map(|node| {
        let headroom = node.headroom(account, policy, rates)?;
        let of = node.currency(account);
        // What is above a limit is above it in any currency.
        rates
            .most_within(headroom, of, account)
            .or_else(|| Some(headroom.min(0)))
    });
    headrooms.min()
}
