//! How much room is left (formulas 3.16).

#[cfg(any(test, feature = "test-support"))]
pub mod examples;
mod netting;
mod nodes;
pub mod orders;

use super::model::{
    AdditionalLimit, AdditionalStatus, CreditAccount, Exposure, PortfolioCap, PortfolioKind,
};
use crate::book::customers::model::Customer;
use crate::book::policy::model::{ExposureCategory, PolicyDocument};
use kernel::money::{SUM_MAX_MINOR, SumTooLarge, sum_minor};

pub use nodes::{
    Counted, Node, NodeKind, OtherBalance, Owing, Places, Raise, UnknownNode, available, cap_node,
    exposure_as, nodes, reaches,
};

const PPM: i128 = 1_000_000;

/// The most that a limit and all that raises it may come to, in minor units: beyond it, what is owed could not be taken
/// from it without leaving the range.
const LIMIT_SUM_MAX: i64 = i64::MAX - SUM_MAX_MINOR;

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

#[cfg(test)]
mod tests {
    use super::examples::{a_node, the_worked_example};
    mod places;

    use std::collections::BTreeMap;

    use super::*;
    use crate::book::exchange_rates::rules::Conversions;
    use crate::book::exposure::model::{AdditionalKind, Limit, LimitScope};
    use crate::book::policy::model::CategoryPolicy;
    use crate::book::policy::rules::plain_document;
    use kernel::money::Currency;

    #[test]
    fn the_worked_example_of_the_group() {
        let mut nodes = the_worked_example();
        let policy = plain_document();
        assert_eq!(included(nodes[0].exposure, &policy), 390);
        assert_eq!(left(&nodes[0], &policy), Some(210));
        assert_eq!(left(&nodes[1], &policy), Some(160));
        assert_eq!(least(&nodes, &policy), Some(160));
        // A bank guarantee of 100 with a haircut of 5 % adds 95 to both.
        for node in &mut nodes {
            node.additional.push(Raise {
                kind: AdditionalKind::Secured,
                minor: 95,
            });
        }
        assert_eq!(left(&nodes[0], &policy), Some(305));
        assert_eq!(left(&nodes[1], &policy), Some(255));
        assert_eq!(least(&nodes, &policy), Some(255));
    }

    #[test]
    fn the_published_effective_limits_hold() {
        // Own 10,000 and group 15,000 → 10,000; own 20,000 and group 15,000 → 15,000; own 0 and group 15,000 → 0.
        for (own, effective) in [(10_000, 10_000), (20_000, 15_000), (0, 0)] {
            let nodes = [
                a_node(NodeKind::Own, own, Exposure::default()),
                a_node(NodeKind::Group, 15_000, Exposure::default()),
            ];
            assert_eq!(least(&nodes, &plain_document()), Some(effective));
        }
    }

    fn left(node: &Node, policy: &PolicyDocument) -> Option<i64> {
        node.headroom(currency("CNY"), policy, &Conversions::default())
    }

    fn least(nodes: &[Node], policy: &PolicyDocument) -> Option<i64> {
        available(nodes, currency("CNY"), policy, &Conversions::default())
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
        let owed = BTreeMap::from([(currency("EUR"), Exposure::receivable(70))]);
        let cap = a_cap(100, "CNY");
        let node = cap_node(&cap, &owed, currency("CNY"));
        assert_eq!(left(&node, &plain_document()), None);
        let no_rates = Conversions::default();
        let unknown = node.missing_rates(currency("CNY"), &no_rates);
        assert_eq!(
            (unknown[0].from, unknown[0].to),
            (currency("EUR"), currency("CNY"))
        );
        let places = Places {
            nodes: vec![a_node(NodeKind::Own, 50, Exposure::default())],
            unknown,
            rates: no_rates,
        };
        let available = places.available(currency("CNY"), &plain_document());
        assert_eq!(available, Some(0));
    }

    #[test]
    fn no_credit_is_zero_and_unlimited_is_no_number() {
        let mut node = a_node(NodeKind::Own, 0, Exposure::receivable(5));
        node.limit = Limit::None;
        assert_eq!(left(&node, &plain_document()), Some(-5));
        node.limit = Limit::Unlimited;
        assert_eq!(left(&node, &plain_document()), None);
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
