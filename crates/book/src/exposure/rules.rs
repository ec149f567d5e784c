//! How much room is left (formulas 3.16).

#[cfg(any(test, feature = "test-support"))]
pub mod examples;
pub mod orders;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::model::{
    AdditionalKind, AdditionalLimit, AdditionalStatus, CreditAccount, Exposure, Limit, LimitScope,
    PortfolioCap, PortfolioKind,
};
use crate::book::customers::model::Customer;
use crate::book::exchange_rates::rules::{RateTable, Rounding, convert};
use crate::book::policy::model::{ExposureCategory, PolicyDocument};
use kernel::columns::text_enum;
use kernel::money::{Currency, Money, SUM_MAX_MINOR, SumTooLarge, sum_minor};

const PPM: i128 = 1_000_000;

text_enum! {
    /// What kind of place a limit holds at.
    pub enum NodeKind {
        /// The customer's own account.
        Own = "own",
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
    /// In the account's currency.
    pub exposure: Exposure,
}

/// The most that a limit and all that raises it may come to, in minor units: beyond it, what is owed could not be taken
/// from it without leaving the range.
const LIMIT_SUM_MAX: i64 = i64::MAX - SUM_MAX_MINOR;

/// What an additional limit adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raise {
    pub kind: AdditionalKind,
    pub minor: i64,
}

impl Node {
    /// An account's own node.
    pub fn own(account: &CreditAccount) -> Node {
        Node {
            kind: NodeKind::Own,
            id: account.id.to_string(),
            key: String::new(),
            limit: account.limit(),
            additional: Vec::new(),
            exposure: account.exposure(),
        }
    }

    /// The group under an account, when it has a limit.
    pub fn group(account: &CreditAccount) -> Option<Node> {
        Some(Node {
            kind: NodeKind::Group,
            id: account.id.to_string(),
            key: String::new(),
            limit: account.group_limit()?,
            additional: Vec::new(),
            exposure: account.group_exposure(),
        })
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

    /// What may still be bought: negative when exposure is above the limit, none when unlimited.
    ///
    /// A limit of 600 with exposure 390 leaves 210.
    pub fn headroom(&self, policy: &PolicyDocument) -> Option<i64> {
        Some(
            self.total_limit()?
                .saturating_sub(included(self.exposure, policy)),
        )
    }
}

/// Where limits hold for an account, and caps of which that can't be told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// The account's own node first, then its groups from the nearest on, then caps.
    pub nodes: Vec<Node>,
    pub unknown: Vec<UnknownNode>,
}

/// A cap of which no one can say what it leaves: no exchange rate leads from one currency to the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnknownNode {
    pub kind: NodeKind,
    pub id: String,
    pub from: Currency,
    pub to: Currency,
}

impl Places {
    /// What may still be bought; none when nothing limits it. Nothing, where a cap can't be told.
    pub fn available(&self, policy: &PolicyDocument) -> Option<i64> {
        let known = available(&self.nodes, policy);
        if self.unknown.is_empty() {
            return known;
        }
        Some(known.map_or(0, |known| known.min(0)))
    }
}

/// An account's own node, and those of the groups that it belongs to from the nearest on, with what raises them. `line`
/// is the account and its ancestors, the nearest first.
///
/// Security and insurance of an account raise its own limit and those of all its groups, because what the account owes
/// is not all at risk; they raise nothing for others of the group. What is for a while or for one order raises the limit
/// that it was granted on, and no other.
pub fn nodes(line: &[&CreditAccount], raising: &[&AdditionalLimit]) -> Vec<Node> {
    let raises = |is_raised: &dyn Fn(&AdditionalLimit, usize) -> bool| -> Vec<Raise> {
        raising
            .iter()
            .filter(|limit| {
                let depth = line
                    .iter()
                    .position(|account| account.id == limit.account_id);
                depth.is_some_and(|depth| reaches(limit, depth) && is_raised(limit, depth))
            })
            .map(|limit| Raise {
                kind: limit.kind,
                minor: limit.amount_minor,
            })
            .collect()
    };
    let own = line.first().map(|account| Node {
        additional: raises(&|limit, _| limit.scope == LimitScope::Own),
        ..Node::own(account)
    });
    let groups = line.iter().enumerate().filter_map(|(height, account)| {
        let is_raised = |limit: &AdditionalLimit, depth| match limit.scope {
            LimitScope::Own => limit.kind.secures(),
            LimitScope::Group => depth == height || (depth < height && limit.kind.secures()),
        };
        Some(Node {
            additional: raises(&is_raised),
            ..Node::group(account)?
        })
    });
    own.into_iter().chain(groups).collect()
}

/// Whether a limit on the account `depth` levels above one can raise anything for that one: what an ancestor has for
/// itself is its own.
pub fn reaches(limit: &AdditionalLimit, depth: usize) -> bool {
    depth == 0 || limit.scope == LimitScope::Group
}

/// The highest that a limit comes to with a new additional one: the base, the new one, and all others that hold at some
/// time of it.
///
/// Base 600, a seasonal 50 for May, a guarantee of 95 until December: a new 100 for May makes 845, one for June 795.
///
/// # Errors
/// When it is so high that what is owed could not be taken from it any more.
pub fn highest_total(
    base: i64,
    standing: &[AdditionalLimit],
    new: &AdditionalLimit,
) -> Result<i64, SumTooLarge> {
    let others = standing
        .iter()
        .filter(|other| other.status == AdditionalStatus::Active && other.scope == new.scope)
        .filter(|other| other.valid_from <= new.valid_until && new.valid_from <= other.valid_until)
        .map(|other| other.amount_minor);
    let total = sum_minor(others.chain([base, new.amount_minor]))?;
    if total > LIMIT_SUM_MAX {
        return Err(SumTooLarge);
    }
    Ok(total)
}

/// What tells under which caps an account counts.
#[derive(Debug, Clone, Copy)]
pub struct Traits<'a> {
    segment: Option<&'a str>,
    salesperson: Option<&'a str>,
    country: &'a str,
    industry: Option<&'a str>,
}

impl<'a> Traits<'a> {
    pub fn of(customer: &'a Customer, account: &'a CreditAccount) -> Traits<'a> {
        Traits {
            segment: account.segment.as_ref().map(kernel::text::Line::as_str),
            salesperson: customer.owner.as_ref().map(kernel::text::Subject::as_str),
            country: customer.country.code(),
            industry: customer.industry.as_ref().map(kernel::text::Line::as_str),
        }
    }

    pub fn fall_under(&self, cap: &PortfolioCap) -> bool {
        let trait_of = match cap.kind {
            PortfolioKind::Segment => self.segment,
            PortfolioKind::Salesperson => self.salesperson,
            PortfolioKind::Country => Some(self.country),
            PortfolioKind::Industry => self.industry,
            PortfolioKind::Company => return true,
            // It counts instruments, whosever they are.
            PortfolioKind::Acceptor => return false,
        };
        trait_of == Some(cap.key.as_str())
    }
}

/// An acceptor's name as caps and instruments are matched by it: in lower case, with single spaces.
///
/// `"Industrial  Bank "` and `"industrial bank"` are one.
pub fn acceptor_key(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

/// A cap as it bounds an account in `currency`: its limit rounded down, what is owed under it rounded up.
///
/// # Errors
/// The currencies between which no exchange rate leads, or leads to an amount that can be told.
pub fn cap_node(
    cap: &PortfolioCap,
    owed: &BTreeMap<Currency, Exposure>,
    currency: Currency,
    rates: &RateTable,
) -> Result<Node, UnknownNode> {
    let kind = NodeKind::from(cap.kind);
    let unknown = |(from, to)| UnknownNode {
        kind,
        id: cap.id.to_string(),
        from,
        to,
    };
    let limit = Money::from_minor(cap.limit_minor, cap.currency);
    Ok(Node {
        kind,
        id: cap.id.to_string(),
        key: cap.key.clone(),
        limit: Limit::Amount(in_currency(limit, currency, rates, Rounding::Down).map_err(unknown)?),
        additional: Vec::new(),
        exposure: exposure_in(owed, currency, rates).map_err(unknown)?,
    })
}

/// What is owed in several currencies, in one: each category rounded up, and what is unapplied rounded down.
///
/// # Errors
/// The currencies between which no exchange rate leads, or leads to an amount that can be told.
pub fn exposure_in(
    owed: &BTreeMap<Currency, Exposure>,
    currency: Currency,
    rates: &RateTable,
) -> Result<Exposure, (Currency, Currency)> {
    let mut total = Exposure::default();
    for (from, exposure) in owed {
        for category in ExposureCategory::ALL {
            let minor = exposure.get(*category);
            if minor == 0 {
                continue;
            }
            let rounding = match category {
                ExposureCategory::UnappliedCash => Rounding::Down,
                _ => Rounding::Up,
            };
            let money = Money::from_minor(minor, *from);
            let converted = in_currency(money, currency, rates, rounding)?;
            let part = Exposure::of(*category, converted);
            total = total
                .plus(part)
                .and_then(Exposure::kept)
                .map_err(|_| (*from, currency))?;
        }
    }
    Ok(total)
}

fn in_currency(
    money: Money,
    to: Currency,
    rates: &RateTable,
    rounding: Rounding,
) -> Result<i64, (Currency, Currency)> {
    let unknown = (money.currency(), to);
    let conversion = rates.find(money.currency(), to).ok_or(unknown)?;
    convert(money, &conversion, rounding)
        .map(Money::minor)
        .map_err(|_| unknown)
}

/// What counts of an exposure: each category by the policy's weight, rounded up, less what is unapplied, rounded down.
/// Exposure is never understated.
pub fn included(exposure: Exposure, policy: &PolicyDocument) -> i64 {
    let total: i128 = ExposureCategory::ALL
        .iter()
        .map(|category| {
            let amount = i128::from(exposure.get(*category));
            let weighted = amount * i128::from(policy.weight_ppm(*category));
            if *category == ExposureCategory::UnappliedCash {
                -weighted.div_euclid(PPM)
            } else {
                -(-weighted).div_euclid(PPM)
            }
        })
        .sum();
    i64::try_from(total).unwrap_or(i64::MAX)
}

/// What may still be bought: the least headroom of all nodes; none when nothing limits it.
///
/// Account A has 210 left, its parent's group 160: A may buy 160.
pub fn available(nodes: &[Node], policy: &PolicyDocument) -> Option<i64> {
    nodes.iter().filter_map(|node| node.headroom(policy)).min()
}

#[cfg(test)]
mod tests {
    use super::examples::{a_node, the_worked_example};
    mod places;

    use super::*;
    use crate::book::policy::model::CategoryPolicy;
    use crate::book::policy::rules::plain_document;

    #[test]
    fn the_worked_example_of_the_group() {
        let mut nodes = the_worked_example();
        let policy = plain_document();
        assert_eq!(included(nodes[0].exposure, &policy), 390);
        assert_eq!(nodes[0].headroom(&policy), Some(210));
        assert_eq!(nodes[1].headroom(&policy), Some(160));
        assert_eq!(available(&nodes, &policy), Some(160));
        // A bank guarantee of 100 with a haircut of 5 % adds 95 to both.
        for node in &mut nodes {
            node.additional.push(Raise {
                kind: AdditionalKind::Secured,
                minor: 95,
            });
        }
        assert_eq!(nodes[0].headroom(&policy), Some(305));
        assert_eq!(nodes[1].headroom(&policy), Some(255));
        assert_eq!(available(&nodes, &policy), Some(255));
    }

    #[test]
    fn the_published_effective_limits_hold() {
        // Own 10,000 and group 15,000 → 10,000; own 20,000 and group 15,000 → 15,000; own 0 and group 15,000 → 0.
        for (own, effective) in [(10_000, 10_000), (20_000, 15_000), (0, 0)] {
            let nodes = [
                a_node(NodeKind::Own, own, Exposure::default()),
                a_node(NodeKind::Group, 15_000, Exposure::default()),
            ];
            assert_eq!(available(&nodes, &plain_document()), Some(effective));
        }
    }

    fn currency(code: &str) -> Currency {
        code.parse().unwrap()
    }

    fn a_cap(limit_minor: i64, code: &str) -> PortfolioCap {
        PortfolioCap {
            id: kernel::ids::PortfolioCapId::new(),
            kind: PortfolioKind::Company,
            key: String::new(),
            currency: currency(code),
            limit_minor,
            reason: "test".to_owned(),
            set_by: kernel::text::Subject::stored("u-1".to_owned()),
            set_at: serde_json::from_str("\"2026-03-31T08:00:00Z\"").unwrap(),
            version: 1,
        }
    }

    #[test]
    fn a_cap_without_a_rate_is_not_known_and_never_one_to_one() {
        let day = "2026-03-31".parse().unwrap();
        let no_rates = RateTable::new(day, []);
        let owed = BTreeMap::from([(currency("CNY"), Exposure::receivable(70))]);
        let cap = a_cap(100, "CNY");
        let node = cap_node(&cap, &owed, currency("CNY"), &no_rates).unwrap();
        assert_eq!(node.headroom(&plain_document()), Some(30));
        let unknown = cap_node(&cap, &owed, currency("EUR"), &no_rates).unwrap_err();
        assert_eq!(
            (unknown.from, unknown.to),
            (currency("CNY"), currency("EUR"))
        );
        let places = Places {
            nodes: vec![a_node(NodeKind::Own, 50, Exposure::default())],
            unknown: vec![unknown],
        };
        assert_eq!(places.available(&plain_document()), Some(0));
    }

    #[test]
    fn no_credit_is_zero_and_unlimited_is_no_number() {
        let mut node = a_node(NodeKind::Own, 0, Exposure::receivable(5));
        node.limit = Limit::None;
        assert_eq!(node.headroom(&plain_document()), Some(-5));
        node.limit = Limit::Unlimited;
        assert_eq!(node.headroom(&plain_document()), None);
    }

    #[test]
    fn categories_count_by_their_weight_and_never_too_little() {
        let mut policy = plain_document();
        let weight = |category, include, weight_ppm| CategoryPolicy {
            category,
            include,
            weight_ppm,
        };
        policy.exposure = vec![
            weight(ExposureCategory::Reservations, true, 500_000),
            weight(ExposureCategory::UnappliedCash, true, 500_000),
            weight(ExposureCategory::Instruments, false, 1_000_000),
        ];
        let exposure = Exposure {
            reserved_minor: 5,
            receivable_minor: 100,
            instrument_minor: 70,
            unapplied_minor: 5,
            ..Exposure::default()
        };
        // Half of 5 is 3 where it raises exposure, and 2 where it lowers it.
        assert_eq!(included(exposure, &policy), 3 + 100 - 2);
    }
}
