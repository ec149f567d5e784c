//! Where limits hold for an account, what raises them, and under which caps it counts.

use super::*;
use crate::book::exposure::model::LimitKind;
use kernel::clock::Instant;
use kernel::ids::{AdditionalLimitId, CreditAccountId, CustomerId};

fn now() -> Instant {
    serde_json::from_str("\"2026-03-31T08:00:00Z\"").unwrap()
}

/// An account with a limit of its own that owes so much; its group has no limit.
fn an_account(limit_minor: i64, receivable_minor: i64) -> CreditAccount {
    let group = Exposure::receivable(receivable_minor);
    CreditAccount {
        limit_kind: LimitKind::Amount,
        limit_minor,
        receivable_minor,
        ..CreditAccount::opened(CustomerId::new(), currency("CNY"), 30, group, now())
    }
}

/// The head of a group that has a limit and owes so much.
fn a_head(group_limit_minor: i64, group_receivable_minor: i64) -> CreditAccount {
    CreditAccount {
        group_limit_kind: Some(LimitKind::Amount),
        group_limit_minor,
        group_receivable_minor,
        ..an_account(200, 150)
    }
}

fn raising(
    account: CreditAccountId,
    scope: LimitScope,
    kind: AdditionalKind,
    amount_minor: i64,
) -> AdditionalLimit {
    AdditionalLimit {
        id: AdditionalLimitId::new(),
        account_id: account,
        scope,
        kind,
        amount_minor,
        currency: currency("CNY"),
        valid_from: "2026-05-01".parse().unwrap(),
        valid_until: "2026-05-31".parse().unwrap(),
        order_number: None,
        reference: None,
        status: AdditionalStatus::Active,
        reason: "test".to_owned(),
        granted_by: "u-1".parse().unwrap(),
        granted_at: now(),
        ended_by: None,
        ended_at: None,
        end_reason: None,
        version: 1,
    }
}

fn nodes_of(line: &[&CreditAccount], raising: &[&AdditionalLimit]) -> Vec<Node> {
    let line: Vec<Owing> = line.iter().map(|account| Owing::one(account)).collect();
    nodes(&line, &[], raising, &Conversions::default())
}

/// What raises a node's limit, in order.
fn raises(node: &Node) -> Vec<(AdditionalKind, i64)> {
    let raises = node.additional.iter();
    raises.map(|raise| (raise.kind, raise.minor)).collect()
}

#[test]
fn limits_hold_at_the_account_and_at_every_group_that_has_one() {
    let daughter = an_account(600, 390);
    let mother = an_account(300, 0);
    let grandmother = a_head(1_000, 840);
    let all = nodes_of(&[&daughter, &mother, &grandmother], &[]);
    let told: Vec<_> = all
        .iter()
        .map(|node| {
            (
                node.kind,
                node.id.clone(),
                node.limit,
                node.exposure.receivable_minor,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (
                NodeKind::Own,
                daughter.id.to_string(),
                Limit::Amount(600),
                390
            ),
            (
                NodeKind::Group,
                grandmother.id.to_string(),
                Limit::Amount(1_000),
                840
            ),
        ]
    );
    assert_eq!(least(&all, &plain_document()), Some(160));
    assert_eq!(nodes_of(&[], &[]), []);
}

#[test]
fn security_of_an_account_raises_all_its_groups_and_a_season_only_its_own_limit() {
    let (daughter, mother, grandmother) = (an_account(600, 0), a_head(1_000, 0), a_head(5_000, 0));
    let (own, group) = (LimitScope::Own, LimitScope::Group);
    let limits = [
        raising(daughter.id, own, AdditionalKind::Secured, 95),
        raising(daughter.id, own, AdditionalKind::Temporary, 50),
        raising(mother.id, group, AdditionalKind::Temporary, 70),
        raising(mother.id, group, AdditionalKind::Insured, 30),
        raising(mother.id, own, AdditionalKind::Secured, 40),
        raising(grandmother.id, group, AdditionalKind::Temporary, 15),
        raising(CreditAccountId::new(), own, AdditionalKind::Secured, 8),
    ];
    let limits: Vec<_> = limits.iter().collect();
    let all = nodes_of(&[&daughter, &mother, &grandmother], &limits);
    let told: Vec<_> = all.iter().map(raises).collect();
    assert_eq!(
        told,
        [
            vec![
                (AdditionalKind::Secured, 95),
                (AdditionalKind::Temporary, 50)
            ],
            vec![
                (AdditionalKind::Secured, 95),
                (AdditionalKind::Temporary, 70),
                (AdditionalKind::Insured, 30)
            ],
            vec![
                (AdditionalKind::Secured, 95),
                (AdditionalKind::Insured, 30),
                (AdditionalKind::Temporary, 15)
            ],
        ]
    );
    // What the mother has for itself is its own: it raises the mother's limit, and that of the groups over it.
    let all = nodes_of(&[&mother, &grandmother], &limits);
    assert_eq!(raises(&all[0]), [(AdditionalKind::Secured, 40)]);
    assert_eq!(all[0].total_limit(), Some(200 + 40));
    assert_eq!(
        all[2].total_limit(),
        Some(5_000 + 30 + 40 + 15),
        "{:?}",
        all[2].additional
    );
}

/// An additional limit with the days on which it holds.
fn holding(amount_minor: i64, from: &str, until: &str) -> AdditionalLimit {
    AdditionalLimit {
        valid_from: from.parse().unwrap(),
        valid_until: until.parse().unwrap(),
        ..raising(
            CreditAccountId::new(),
            LimitScope::Own,
            AdditionalKind::Temporary,
            amount_minor,
        )
    }
}

#[test]
fn the_highest_total_counts_what_holds_at_some_time_of_the_new_limit() {
    let standing = [
        holding(50, "2026-05-01", "2026-05-31"),
        holding(95, "2026-01-01", "2026-12-31"),
    ];
    let with = |new: &AdditionalLimit| highest_total(600, &standing, new);
    assert_eq!(with(&holding(100, "2026-05-01", "2026-05-31")), Ok(845));
    assert_eq!(with(&holding(100, "2026-06-01", "2026-06-30")), Ok(795));
    // One day in common is enough, at either end.
    assert_eq!(with(&holding(100, "2026-05-31", "2026-06-30")), Ok(845));
    assert_eq!(with(&holding(100, "2026-04-01", "2026-05-01")), Ok(845));
    assert_eq!(with(&holding(100, "2026-04-01", "2026-04-30")), Ok(795));
    assert_eq!(with(&holding(100, "2027-01-01", "2027-01-31")), Ok(700));
}

#[test]
fn the_highest_total_leaves_out_what_ended_and_what_is_for_another_scope() {
    let new = holding(100, "2026-05-01", "2026-05-31");
    for status in [AdditionalStatus::Consumed, AdditionalStatus::Withdrawn] {
        let ended = AdditionalLimit {
            status,
            ..holding(50, "2026-05-01", "2026-05-31")
        };
        assert_eq!(highest_total(600, &[ended], &new), Ok(700), "{status}");
    }
    let of_the_group = AdditionalLimit {
        scope: LimitScope::Group,
        ..holding(50, "2026-05-01", "2026-05-31")
    };
    assert_eq!(
        highest_total(600, std::slice::from_ref(&of_the_group), &new),
        Ok(700)
    );
    let new = AdditionalLimit {
        scope: LimitScope::Group,
        ..new
    };
    assert_eq!(highest_total(600, &[of_the_group], &new), Ok(750));
}

#[test]
fn a_total_from_which_what_is_owed_could_not_be_taken_is_refused() {
    // 9,223,372,036,854,775,807 less the 9,000,000,000,000,000,000 that may be owed.
    let highest = 223_372_036_854_775_807;
    let new = holding(7, "2026-05-01", "2026-05-31");
    assert_eq!(highest_total(highest - 7, &[], &new), Ok(highest));
    assert_eq!(highest_total(highest - 6, &[], &new), Err(SumTooLarge));
    assert_eq!(highest_total(i64::MAX, &[], &new), Err(SumTooLarge));
}

#[test]
fn an_account_counts_under_the_caps_of_its_traits_and_under_the_company_s() {
    let traits = Traits {
        segment: Some("north"),
        salesperson: Some("u-7"),
        country: "CN",
        industry: None,
    };
    let under = |kind, key: &str| {
        traits.fall_under(&PortfolioCap {
            kind,
            key: key.to_owned(),
            ..a_cap(100, "CNY")
        })
    };
    for (kind, own, other) in [
        (PortfolioKind::Segment, "north", "south"),
        (PortfolioKind::Salesperson, "u-7", "u-8"),
        (PortfolioKind::Country, "CN", "DE"),
    ] {
        assert!(under(kind, own), "{kind}");
        assert!(!under(kind, other), "{kind}");
    }
    // Of the same word in another trait nothing follows, and who has no industry is under the cap of none.
    assert!(!under(PortfolioKind::Segment, "CN"));
    assert!(!under(PortfolioKind::Industry, "textiles"));
    assert!(!under(PortfolioKind::Industry, ""));
    assert!(under(PortfolioKind::Company, ""));
    assert!(under(PortfolioKind::Company, "anything"));
    let unowned = Traits {
        segment: None,
        salesperson: None,
        industry: Some("textiles"),
        ..traits
    };
    let textiles = PortfolioCap {
        kind: PortfolioKind::Industry,
        key: "textiles".to_owned(),
        ..a_cap(100, "CNY")
    };
    assert!(unowned.fall_under(&textiles));
}
